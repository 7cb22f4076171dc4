from lab_harness import check


@check("A function is there")
def function_exists(lamda): ...
