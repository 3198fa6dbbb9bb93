# Runs a program in the background and passes SIGTERM and SIGINT on to it, as many start scripts do.
"$@" &
server=$!
trap 'kill -TERM $server' TERM INT
wait $server
status=$?
while kill -0 $server 2>/dev/null; do # the signal has ended the wait, and not the server
    wait $server
    status=$?
done
exit $status
