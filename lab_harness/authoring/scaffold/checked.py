"""The pieces of a new lab's checks that depend on what its function writes to."""

from textwrap import indent

from lab_harness.authoring.scaffold.code import Argument
from lab_harness.authoring.scaffold.plan import Part, Plan


class Checked:
    """For the templates of checks: which clients a check has, which checks it needs, how it looks and cleans up."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        clients = (("dynamodb", plan.all("table")), ("s3", plan.copies))
        self._clients = [name for name, parts in clients if parts] if plan.function else []

    @property
    def clients(self) -> str:
        """The clients of what the function writes to."""
        return ", ".join(self._clients)

    @property
    def draws_orders(self) -> bool:
        """Whether a check sends an order, and not only an upload."""
        return self._plan.noun == "order"

    @property
    def order_in_use(self) -> str:
        """What `fresh_order` is given: the ids that are in use."""
        tables = self._plan.all("table")
        return f'items.ids(dynamodb, {tables[0].constant}, "id")' if tables else ""

    @property
    def tables(self) -> str:
        return _tuple("TABLES", self._plan.all("table"))

    @property
    def copies(self) -> str:
        return _tuple("COPIES", self._plan.copies)

    @property
    def expect_handled(self) -> str:
        """The call that awaits what the function makes of the order."""
        moment = ["moment"] if self._clients else []
        return f"expect_handled({', '.join([*self._clients, 'logs', 'witness', self._plan.noun, *moment])})"

    def parameters(self, *own: str) -> str:
        """The parameters of a check with these of its own, which looks at what the function makes of an order."""
        return ", ".join(dict.fromkeys([*own, *self._clients, "logs", "witness=None"]))

    def needs(self, *own: str) -> Argument:
        """The `needs` of such a check: these, and all that the function writes to."""
        needed = [*own, *(f"{part.id}_exists" for part in self._plan.targets)]
        return f"needs={needed[0]}" if len(needed) == 1 else ("needs=", needed)

    def probed(self, act: str) -> str:
        """What a check does with an order, so that nothing of it is left afterwards."""
        body = act.strip("\n")
        if not self._clients:
            return body
        return f"    with probe({self.clients}, witness, {self._plan.noun}) as moment:\n{indent(body, '    ')}"


def _tuple(several: str, parts: list[Part]) -> str:
    """The parts' constants as a tuple; where they are several, the name of one."""
    return f"({parts[0].constant},)" if len(parts) == 1 else several
