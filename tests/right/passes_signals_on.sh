# Runs a program in the background and passes SIGTERM and SIGINT on to it, as many start scripts do.
signalled=
trap 'signalled=yes; kill -TERM $! 2>/dev/null' TERM INT
"$@" &
wait $!
status=$?
while [ "$signalled" ]; do # the signal may have ended the wait, and not the server
    signalled=
    wait $!
    again=$?
    [ $again -eq 127 ] || status=$again # 127: its status was known before
done
exit $status
