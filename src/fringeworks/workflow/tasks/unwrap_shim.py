import numpy as np
from fringeworks.unwrap import WrappedPhase, unwrapper_named
class FailedPair: pass
class UP:
    def __init__(s,u): s.unwrapped=u
    def as_dict(s): return {}
def unwrap_pair(wrapped,*,options,leave_out={}):
    ph=wrapped.phasor.copy()
    for v in leave_out.values(): ph[v]=np.nan
    w=WrappedPhase(phasor=ph,coherence=np.where(np.isfinite(ph),wrapped.coherence,np.nan).astype('f4'),effective_looks=wrapped.effective_looks)
    return UP(unwrapper_named(options.method,options).unwrap(w))
