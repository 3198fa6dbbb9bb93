# A correct server made of socat and tr. Usage: socat.sh HOST PORT
#
# At the stop, socat exits with a status other than 0 and leaves its children, one for each client, behind. This script
# gives them a moment to answer what has arrived, and then ends them.
socat -t 60 "TCP-LISTEN:$2,bind=$1,reuseaddr,fork,backlog=1024,nodelay" EXEC:'stdbuf -o0 tr a-z A-Z' 2>/dev/null &
trap 'stopping=yes' TERM INT
wait $!
if [ -z "$stopping" ]; then
    echo "cannot listen on $1 port $2" >&2
    exit 1
fi
kill $!
sleep 0.5
pkill -g 0 -x socat
exit 0
