from lab_harness.authors import Failure, check


@check("One is one", task="queue", points=3)
def passes(): ...


@check("One is two", task="message", needs=passes, points=5)
def fails():
    raise Failure(expected="two", found="one", next_step="Count again.")


@check("A key is there", task="message")
def breaks(sqs):
    {}["no such key"]


@check("Users sign in", task="queue")
def uses_cognito(cognito_idp): ...
