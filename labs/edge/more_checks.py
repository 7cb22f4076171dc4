"""More checks for the lab edge: pictures that are chosen and made at the edge."""

from lab_harness.authors import buckets, check

from . import distribution_exists, page_is_served, probes, role_exists
from .probes import BUCKET, PHOTOS, SIZES

PHOTOS_HANDLER = (
    "Compare your handler with the table of section 11; publish a new version, and name it in the behavior."
)
SIZES_HANDLER = "Compare your handler with the list of section 13; publish a new version, and name it in the behavior."
PHOTOS_KEY = (
    "The header Accept does not count, so the function does not see it: the policy of /img/* names it. Section 12."
)
SIZES_KEY = "What does not count is not seen: the policy of /sizes/* names Accept and width. Section 13."
WEBP, PLAIN = "image/avif,image/webp,*/*;q=0.8", "image/png,image/jpeg"


@check("/img/* calls pet-photos at origin-request", task="photos", needs=(distribution_exists, role_exists))
def photos_function_is_called(cloudfront):
    next_step = "Section 12 names publish_version and LambdaFunctionAssociations."
    probes.expect_lambda(cloudfront, "/img/*", ("origin-request",), PHOTOS, next_step)


@check("Browsers get a WebP, others a JPEG", task="photos_code", needs=(photos_function_is_called, page_is_served))
def browsers_get_what_they_accept(http, cloudfront, s3):
    webp = "image/avif,image/webp,image/apng,*/*;q=0.8"
    unseen = probes.uncounted(cloudfront, "/img/*", Headers="Accept")
    name = probes.word()
    path, keys = f"/img/{name}.jpg", {f"img/{name}.jpg": "the JPEG", f"img/{name}.webp": "the WebP"}
    with buckets.removed_afterwards(s3, [(BUCKET, key) for key in keys]):
        for key, body in keys.items():
            s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        for accept, wanted in ((webp, "the WebP"), ("*/*", "the JPEG"), (webp, "the WebP"), ("image/jpeg", "the JPEG")):
            answer = probes.ask(http, cloudfront, path, Accept=accept)
            next_step = PHOTOS_KEY if unseen else probes.next_step_for(answer, PHOTOS_HANDLER)
            probes.expect_answer(f"GET with Accept: {accept}", wanted, answer, answer.text == wanted, next_step)


@check("A .gif is answered without the origin", task="photos_code", needs=photos_function_is_called)
def gif_is_answered_without_the_origin(http, cloudfront):
    name = f"/img/{probes.word()}"
    answer = probes.ask(http, cloudfront, f"{name}.gif")
    location = answer.headers.get("location", "")
    right = answer.status in (301, 302, 307, 308) and location.endswith(f"{name}.jpg")
    next_step = probes.next_step_for(answer, PHOTOS_HANDLER)
    probes.expect_answer(f"GET {name}.gif", f"301 to {name}.jpg", answer, right, next_step)


@check("/sizes/* calls pet-sizes where the origin is asked", task="sizes", needs=(distribution_exists, role_exists))
def sizes_function_is_called(cloudfront):
    event = "origin-response" if "origin-response" in probes.lambdas(cloudfront, "/sizes/*") else "origin-request"
    next_step = "Section 13 names publish_version, and put_behavior with LambdaFunctionAssociations."
    probes.expect_lambda(cloudfront, "/sizes/*", (event,), SIZES, next_step)


@check("A picture is made as wide as asked, as WebP or JPEG", task="sizes_code",
       needs=(sizes_function_is_called, page_is_served))  # fmt: skip
def pictures_are_made_to_measure(http, cloudfront, s3):
    unseen = probes.uncounted(cloudfront, "/sizes/*", Headers="Accept", QueryStrings="width")
    wanted = [(80, WEBP, "WEBP"), (80, PLAIN, "JPEG"), (160, WEBP, "WEBP"), (320, "*/*", "JPEG")]
    with probes.photo(s3) as (name, photo):
        for width, accept, kind in [*wanted, *wanted]:  # the second time from the cache
            path = f"/sizes/{name}?width={width}"
            answer = probes.ask(http, cloudfront, path, Accept=accept)
            next_step = SIZES_KEY if unseen else probes.next_step_for(answer, SIZES_HANDLER)
            what = f"GET /sizes/…?width={width} with Accept: {accept}"
            probes.expect_picture(what, kind, width, photo, answer, next_step)


@check("Other widths are answered 400", task="sizes_code", needs=sizes_function_is_called)
def other_widths_are_refused(http, cloudfront, s3):
    with probes.photo(s3) as (name, _):
        for query in ("?width=5000", "?width=81", "?width=wide", ""):
            answer = probes.ask(http, cloudfront, f"/sizes/{name}{query}")
            next_step = probes.next_step_for(answer, SIZES_HANDLER)
            probes.expect_answer(f"GET /sizes/…{query}", "400", answer, answer.status == 400, next_step)
