"""A program with threads that treat a signal differently."""

# A thread that reads the signal and one that blocks it, beside a main thread that blocks it as well.
THREADS = """
import signal, sys, threading
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})
def read():
    signal.sigwait({signal.SIGTERM})
    print("read", flush=True)
reader = threading.Thread(target=read, daemon=True)
reader.start()
other = threading.Thread(target=threading.Event().wait, daemon=True)
other.start()
print(reader.native_id, other.native_id, flush=True)
sys.stdin.read()
"""
