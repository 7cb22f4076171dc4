from lab_harness import check

LIMIT = int("many")


@check("Nothing is there")
def nothing(): ...
