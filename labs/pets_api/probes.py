"""What the checks of pets_api send, pets and what is none, and how they read the answers."""

import json

from lab_harness.authors import Failure, customers, expect, expect_api

FUNCTION = "pet-store"
DEPLOY_AGAIN = "A stage serves what was deployed to it: create_deployment once more, for the same stage."
ABOUT_PAGE = {  # by the status of an answer that is no page
    403: DEPLOY_AGAIN,
    500: "A MOCK answers where its request template gives a statusCode, and an integration response is for that one.",
}


def about_page(answer, is_page):
    """What to do about an answer that is no page, or that browsers do not take for one."""
    if answer.status == 200 and is_page:
        return "The page comes, but not as text/html: section 2 shows the header's two parts, and its quotes in quotes."
    if answer.status == 200:
        return "Section 2 shows the template that is the answer's body; deploy again after a change."
    return ABOUT_PAGE.get(answer.status, "Section 2 shows where an answer comes from; deploy again after a change.")


def new_pet():
    return {"type": customers.pet(), "price": customers.price()}


def no_pets():
    """Bodies that are no pets: none, text, broken off, no object, with something missing, or a price that is none."""
    price, pets = customers.price(), [new_pet() for _ in range(4)]
    prices = [pet | {"price": each} for pet, each in zip(pets, (str(price), True, -0.5, -price), strict=True)]
    bad = [pets, list(new_pet()), {"price": price}, {"type": customers.pet()}, *prices]
    return [None, f"a {customers.pet()}, please", customers.cut(json.dumps(new_pet())), *map(json.dumps, bad)]


def expect_pets(api, http, logs, witness, path, pets):
    """The answer is right, and it was the function that gave it, by the API's doing."""
    moment = witness.moment()
    expect_answer(logs, f"GET {path}", api.ask(http, "GET", path), 200, pets)
    next_step = "A resource with this path of its own comes before {petId}: get_resources lists them."
    expect.started_by(witness, FUNCTION, path, f"execute-api {api.id}", moment, next_step, others=True)


def expect_answer(logs, request, answer, status, body=None):
    kind = answer.headers.get("content-type", "none")
    if answer.status == status and (body is None or answer.json() == body) and kind.startswith("application/json"):
        return
    next_step = "Compare it with what the handler returns; deploy the code again after a change."
    if answer.status == 403:
        next_step = "Only POST /pets asks for a key: look at apiKeyRequired of the other methods, and deploy again."
    found, next_step = expect_api.explained(answer, logs, FUNCTION, next_step)
    raise Failure(
        expected=f"{status} as JSON to {request}" + (f": {json.dumps(body)}" if body else ""),
        found=f"the content type {kind} and {found}",
        next_step=next_step,
    )


def expect_new_pet(logs, answer, pet):
    body, found = {"pet": pet, "message": "success"}, answer.json()
    if isinstance(found, dict) and isinstance(found.get("pet"), dict):
        found = {**found, "pet": {name: value for name, value in found["pet"].items() if name in pet}}  # may have an id
    expect_answer(logs, f"POST /pets with {json.dumps(pet)}", answer, 201, None if found == body else body)
