from lab_harness.authors import check

LIMIT = int("many")


@check("Nothing is there")
def nothing(): ...
