"""What customers of the pet shop send: names, pets, prices and ids, drawn as the notebooks write them.

Checks act like customers, so that a function cannot tell a check's request from any other: each value has the shape of
those in the notebooks, and may be one of them. Ids of earlier probes come up again, as customers' do. Of whole orders
and pets there are so many that nobody can know before what will be asked.
"""

import secrets
from collections import defaultdict, deque
from collections.abc import Collection
from typing import TypeVar

from lab_harness.authors.made import remember

T = TypeVar("T")

chance = secrets.SystemRandom()

# fmt: off
NAMES = (
    "Ada", "Aiko", "Alba", "Ali", "Amir", "Ana", "Anya", "Aron", "Asha", "Ben", "Bela", "Bo", "Cara", "Chen",
    "Clara", "Dana", "David", "Dora", "Edo", "Ela", "Emil", "Emma", "Esra", "Eva", "Farid", "Finn", "Frida", "Gita",
    "Goran", "Hana", "Hugo", "Ida", "Ilja", "Ines", "Ivan", "Jan", "Jana", "Jin", "Jonas", "Jun", "Kai", "Kemal",
    "Lara", "Lea", "Leo", "Lina", "Luca", "Luis", "Maja", "Malik", "Mara", "Marek", "Maria", "Mateo", "Mia", "Mila",
    "Milan", "Mina", "Nadia", "Nils", "Nina", "Noah", "Nora", "Olga", "Omar", "Oskar", "Paul", "Petra", "Pia",
    "Rana", "Raul", "Rosa", "Sami", "Sara", "Selma", "Sofia", "Sven", "Tara", "Tim", "Tomas", "Uma", "Vera",
    "Viktor", "Yara", "Yuki", "Zara", "Zoe",
)
SURNAMES = (
    "Adler", "Alvarez", "Bakker", "Banerjee", "Bauer", "Bell", "Berg", "Bianchi", "Brandt", "Castro", "Cohen",
    "Costa", "Diaz", "Dubois", "Eriksen", "Fischer", "Flores", "Garcia", "Greco", "Haas", "Hansen", "Horvat",
    "Ibrahim", "Ito", "Jansen", "Jovic", "Kaya", "Keller", "Khan", "Kim", "Kovacs", "Kruger", "Larsen", "Lehmann",
    "Lopez", "Lund", "Marino", "Mendes", "Meyer", "Moreau", "Nagy", "Nakamura", "Novak", "Okafor", "Olsen", "Ortiz",
    "Park", "Patel", "Petrov", "Popescu", "Ramos", "Rossi", "Roux", "Santos", "Sato", "Schmidt", "Silva", "Singh",
    "Smit", "Sokolov", "Suzuki", "Svensson", "Tanaka", "Torres", "Varga", "Vidal", "Wagner", "Weber", "Wolf",
    "Yilmaz",
)
PETS = (
    "budgie", "canary", "cat", "chinchilla", "cockatoo", "dog", "dove", "duck", "ferret", "fish", "frog", "gecko",
    "gerbil", "goat", "goldfish", "guinea-pig", "hamster", "hedgehog", "hen", "horse", "iguana", "lizard", "mouse",
    "parrot", "pony", "rabbit", "rat", "snail", "snake", "tortoise", "turtle",
)
PETS_NAMES = (
    "Balu", "Bello", "Bruno", "Cleo", "Felix", "Fluffy", "Gus", "Kiki", "Lucky", "Luna", "Max", "Mimi", "Momo", "Nala",
    "Otto", "Pip", "Polly", "Rex", "Rocky", "Simba", "Socks", "Tiger", "Toby", "Waldo", "Yoshi",
)
DOINGS = (
    "barks", "dreams", "eats", "hides", "howls", "jumps", "naps", "plays", "purrs", "runs", "sings", "sleeps", "snores",
    "swims", "waits",
)
# fmt: on
AGAIN = 0.25  # how often an id is one that has been used before
REMEMBERED = 50  # ids of each kind that may come up again

_ordered: set[str] = set()
_drawn: dict[str, deque[str]] = defaultdict(lambda: deque(maxlen=REMEMBERED))


def name() -> str:
    """A customer's first name, such as Ana.

    For example:

        order = {"orderId": customers.order_id(), "pet": customers.pet(), "customer": customers.name()}
    """
    return chance.choice(NAMES)


def full_name() -> str:
    """A customer's whole name, such as Ana Keller Moreno.

    For example:

        event = {"name": customers.full_name(), "visit": customers.number()}
    """
    return " ".join([name(), *chance.sample(SURNAMES, chance.choice((1, 2)))])


def pet() -> str:
    """A kind of pet.

    For example:

        pet = {"type": customers.pet(), "price": customers.price()}
    """
    return chance.choice(PETS)


def resource_name() -> str:
    """A name such as people give to what they make, such as hamster-keller-17; a check's own resource is called so.

    It is remembered, so that what has it is not shown as the learner's.

        url = sqs.create_queue(QueueName=customers.resource_name())["QueueUrl"]
    """
    return remember(f"{pet()}-{chance.choice(SURNAMES).lower()}-{number()}")


def file_name(ending: str, but: Collection[str] = ()) -> str:
    """A file's name such as customers give, such as hamster-17.jpg, but none of those that are in use.

    For example:

        key = customers.file_name(".jpg", but=buckets.keys(s3, UPLOADS))
    """
    drawn = f"{pet()}-{number()}{ending}"
    return file_name(ending, but) if drawn in but else drawn


def words() -> str:
    """What somebody wants, in words, such as 3 times hamster for Ana Keller, please: text, and no JSON.

    For example:

            bad_messages = [customers.cut(json.dumps(order)), customers.words()]
    """
    return f"{quantity()} times {pet()} for {full_name()}, please"


def remark() -> str:
    """What somebody says about a pet in a chat, such as Bello sleeps.

    For example:

        guest.say(action="say", text=customers.remark())
    """
    which = chance.sample(PETS_NAMES, chance.choice((1, 2)))
    return f"{' and '.join(which)} {chance.choice(DOINGS).removesuffix('s' * (len(which) - 1))}."


def order_id(but: Collection[str] = ()) -> str:
    """An order's id, such as o-4830217, that none here has had: an order that comes again is rightly no new one.

    Those in `but` are in use.

        order["orderId"] = customers.order_id(but=items.ids(dynamodb, TABLE, "orderId"))
    """
    drawn = f"o-{chance.randint(1_000_000, 9_999_999)}"
    if drawn in but or drawn in _ordered:
        return order_id(but)
    _ordered.add(drawn)
    return drawn


def quantity() -> int:
    """How many pets somebody orders.

    For example:

        order["quantity"] = customers.quantity()
    """
    return chance.randint(1, chance.choice((3, 9, 99)))


def price() -> float | int:
    """A price with as many decimals as people write: 4, 120.5 or 99.99.

    For example:

        pet = {"type": customers.pet(), "price": customers.price()}
    """
    whole = chance.randint(0, chance.choice((9, 99, 999)))
    return chance.choice((whole + 1, whole + chance.randint(1, 9) / 10, round(whole + chance.randint(1, 99) / 100, 2)))


def number() -> int:
    """A number of one to five digits, short ones as often as long ones.

    For example:

        unknown = f"/items/p-{customers.number()}"
    """
    return chance.randint(1, 10 ** chance.randint(1, 5) - 1)


def some_id(prefix: str, but: Collection[str]) -> str:
    """An id such as p-17, now and then one that was drawn before, but none of those in `but`.

    Those are the ids that are in use: somebody may be looking at what has them while checks run.

        new = customers.some_id("p-", but=items.ids(dynamodb, TABLE, "id"))
    """
    used = [each for each in _drawn[prefix] if each not in but]
    chosen = chance.choice(used) if used and chance.random() < AGAIN else f"{prefix}{number()}"
    if chosen in but:
        return some_id(prefix, but)
    _drawn[prefix].append(chosen)
    return chosen


def shuffled(values: Collection[T]) -> list[T]:
    """The values in another order.

    For example:

        for pet in customers.shuffled(PETS): ...
    """
    return chance.sample(list(values), len(values))


def cut(text: str) -> str:
    """A message that was cut off on its way, such as half of a JSON object.

    For example:

        broken = customers.cut(json.dumps(order))
    """
    return text[: chance.randint(1, len(text) - 1)]
