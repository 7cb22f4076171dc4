"""What to do about the errors that beginners' functions most often end with."""

import builtins
import re

# What an error, or the log of a run that ended in one, has in it; and what to do then.
KNOWN = (
    (
        r"Unable to import module '(?P<name>\w+)': No module named '(?P=name)'",
        "The zip archive has no {name}.py at its top: zip the files, not the folder around them; Handler "
        "begins with the file's name.",
    ),
    (
        r"Unable to import module '\w+': No module named '(?P<name>[\w.]+)'",
        "Lambda's Python has the standard library and boto3: leave {name} out, or put it into the zip archive.",
    ),
    (
        r"Runtime\.UserCodeSyntaxError",
        "Python cannot read the file: mend the line that the error names, and deploy the code again.",
    ),
    (
        r"Handler '(?P<name>\w+)' missing on module '(?P<file>\w+)'",
        "{file}.py has no function {name}: Handler, written file.function, and the file must say the same.",
    ),
    (
        r"Task timed out|Sandbox\.Timedout",
        "The function ran out of its time: look for an endless loop or a long wait before you give it more.",
    ),
    (
        r"Float types are not supported",
        "DynamoDB takes numbers as Decimal, not float: json.loads(…, parse_float=Decimal) reads them so.",
    ),
    (
        r"Object of type Decimal is not JSON serializable",
        "json.dumps cannot write a Decimal, as which DynamoDB gives numbers: default=float says how.",
    ),
    (
        r"Runtime\.MarshalError",
        "What a handler returns must be JSON: dictionaries, lists, texts and numbers, nothing else.",
    ),
    (
        r"takes \d+ positional arguments? but 2 were given|missing \d+ required positional argument",
        "Lambda calls the handler with two arguments, event and context.",
    ),
    (
        r"not authorized to perform: (?P<action>[\w:]+) on resource: (?P<arn>[^\s'\"]+)",
        "The function's role does not allow {action} on {arn}: compare the name and the region in the code with those "
        "that the role is for.",
    ),
    (
        r"ResourceNotFoundException\) when calling the (?P<call>\w+) operation",
        "{call} found no such thing: compare the name in the code with the name of what you built.",
    ),
    (
        r"calling the (?P<call>\w+) operation: The provided key element does not match the schema",
        "{call} was given a Key that does not fit the table's: print it, and compare its name and type.",
    ),
    (
        r"string indices must be integers",
        "Something is a text there, where the handler takes it for a dictionary: json.loads makes one of it.",
    ),
    (
        r"list indices must be integers",
        "Something is a list there, where the handler takes it for a dictionary: go through what is in it.",
    ),
    (
        r"'NoneType' object (?:is not|has no)",
        "Something is None there: print the event, and what was looked up, and see which of them lacks a part.",
    ),
    (
        r"KeyError(?:: |\()(?P<key>'[^'\n]*')",
        "Nothing is called {key} where the handler looks for it: print the event, and see what it is made of.",
    ),
)
NAMED = re.compile(r"^(?:\[ERROR\] )?(?P<kind>\w+): ", re.MULTILINE)


def next_step(evidence: str, otherwise: str) -> str:
    """What to do about the error that this evidence tells of; `otherwise` where it is none that Python itself raises.

    For example:

        step = mishaps.next_step("Runtime.MarshalError: Unable to marshal response", "Section 3 says what it returns.")
    """
    if advice := known(evidence):
        return advice
    kinds = [found["kind"] for found in NAMED.finditer(evidence) if _is_pythons(found["kind"])]
    return f"The function ended with {kinds[-1]}: the traceback in its log names the line." if kinds else otherwise


def known(evidence: str) -> str:
    """What to do about an error that beginners often meet; "" where the evidence tells of none.

    For example:

        step = mishaps.known("Runtime.MarshalError: Unable to marshal response") or "Section 3 says what it returns."
    """
    for pattern, advice in KNOWN:
        if found := re.search(pattern, evidence):
            return advice.format(**found.groupdict())
    return ""


def _is_pythons(kind: str) -> bool:
    named = getattr(builtins, kind, None)
    return isinstance(named, type) and issubclass(named, Exception)
