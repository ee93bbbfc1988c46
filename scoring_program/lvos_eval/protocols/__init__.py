"""The rules of each benchmark, by name.

>>> from lvos_eval import protocols
>>> protocols.get("lvos-v1").source
'github.com/LingyiHongfd/lvos-evaluation at 457d397'
"""

from lvos_eval.protocols.contract import EvaluationProtocol, Task
from lvos_eval.protocols.registry import DEFAULT, UnknownProtocolError, get, names, tasks, usual_task

__all__ = ["DEFAULT", "EvaluationProtocol", "Task", "UnknownProtocolError", "get", "names", "tasks", "usual_task"]
