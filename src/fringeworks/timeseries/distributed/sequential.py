"""Temporary."""
from fringeworks.timeseries.distributed.linking import link
from fringeworks.timeseries.distributed.sequential_options import SequentialOptions
def link_sequential(stack, *, sequential, **kw):
    return link(stack, **kw)
