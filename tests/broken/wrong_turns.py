"""A server that says that it serves one client at a time, and turns away whoever comes meanwhile."""

import select
import socket

from tests.broken.threaded import answering
from upecho.servers import Stop

MAX_CLIENTS = 1
