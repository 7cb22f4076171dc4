import json

PETS = [
    {"id": 1, "type": "dog", "price": 249.99},
    {"id": 2, "type": "cat", "price": 124.99},
    {"id": 3, "type": "fish", "price": 0.99},
]


def lambda_handler(event, context):
    pet_id = (event.get("pathParameters") or {}).get("petId")
    if event["httpMethod"] == "POST":
        return add_pet(event.get("body"))
    if pet_id is None:
        return answer(200, PETS)
    for pet in PETS:
        if str(pet["id"]) == pet_id:
            return answer(200, pet)
    return answer(404, {"message": f"There is no pet {pet_id}."})


def add_pet(body):
    """Answer a new pet, or say what is wrong with it. The body is text, or None where none was sent."""
    try:
        pet = json.loads(body or "")
    except ValueError:
        return answer(400, {"message": "The body is no JSON."})
    if not isinstance(pet, dict) or "type" not in pet or "price" not in pet:
        return answer(400, {"message": "A pet has a type and a price."})
    price = pet["price"]
    # True is an int to Python, so bool is ruled out first.
    if isinstance(price, bool) or not isinstance(price, int | float) or price < 0:
        return answer(400, {"message": "The price is no number, or below zero."})
    return answer(201, {"pet": {"type": pet["type"], "price": price}, "message": "success"})


def answer(status, body):
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
