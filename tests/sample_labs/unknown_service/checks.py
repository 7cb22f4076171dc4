from lab_harness.authors import check


@check("A function is there")
def function_exists(lamda): ...
