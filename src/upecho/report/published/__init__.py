"""Published claims about the speed of event loops, and the measurements that are nearest to them."""
