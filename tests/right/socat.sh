# A correct server made of socat and tr. Usage: socat.sh HOST PORT
#
# At the stop, socat exits with a status other than 0, resets the clients that wait in its queue, and leaves its children,
# one for each client, behind. This script gives it a moment to accept those clients, and its children another moment to
# answer what has arrived, before it ends them. They are in a session of their own, so a signal to the process group of
# this script, as Ctrl-C sends it, does not end them in the middle of an answer.
stopping=
trap 'stopping=yes' TERM INT # before the server listens
setsid socat -t 60 "TCP-LISTEN:$2,bind=$1,reuseaddr,fork,backlog=1024,nodelay" EXEC:'stdbuf -o0 tr a-z A-Z' 2>/dev/null &
wait $!
if [ -z "$stopping" ]; then
    echo "cannot listen on $1 port $2" >&2
    exit 1
fi
sleep 1
kill $!
sleep 1
pkill -s $! -x socat
exit 0
