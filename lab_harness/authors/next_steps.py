"""Next steps for what is there, but not as asked.

A grade comes from the learner's cells in an empty account. So these lead to a cell that builds the right thing from
nothing: one that only mends what is there, or deletes it first, fails where nothing is.
"""

# The calls that change what a call has made, where that is not `update_` in place of `create_`.
UPDATES = {
    "create_function": "update_function_configuration",
    "create_queue": "set_queue_attributes",
    "subscribe": "set_subscription_attributes",
}


def build_anew(fixed: str, create: str) -> str:
    """The next step for what cannot be changed once it is there: `fixed` says what, `create` which call makes it.

    For example:

        next_step = next_steps.build_anew("A type", "create_state_machine")
    """
    return (
        f"{fixed} cannot be changed: correct it where your cell calls {create}, reset the lab (lab.reset()), and run "
        "the cells again."
    )


def change(setting: str, create: str) -> str:
    """The next step for a setting that the call `create` gives, and that another call changes in what is there.

    For example:

        next_step = next_steps.change("Timeout", "create_function")
    """
    update = UPDATES.get(create) or create.replace("create_", "update_")
    return f"Correct {setting} where your cell calls {create}; {update} changes what is there already."
