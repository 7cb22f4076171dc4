"""What is in a layer, and for which Python."""

import io
import re
import zipfile
from contextlib import suppress
from urllib.parse import urlsplit

from lab_harness.authors import Failure

LARGEST = 60 * 1024 * 1024  # bytes of a layer that are looked at
BINARY = re.compile(r"python/(?:lib/python3\.\d+/site-packages/)?PIL/_imaging\.(?:cpython-|cp)?(\w+)-?.*\.(?:so|pyd)")


def newest_layer(lambda_, name):
    """The number of a layer's newest version, and what Lambda says of it."""
    number = lambda_.list_layer_versions(LayerName=name)["LayerVersions"][0]["Version"]
    return number, lambda_.get_layer_version(LayerName=name, VersionNumber=number)


def layer_files(http, layer):
    """The names of the files in a layer's archive."""
    place = urlsplit(layer["Content"]["Location"])
    archive = http.download(f"{place.path}?{place.query}", LARGEST)
    with suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(archive)) as opened:
        return opened.namelist()
    return []


def pythons(names):
    """For which Pythons the compiled part of Pillow is, such as {"313"}; none where there is no such part."""
    return {match[1] for match in map(BINARY.fullmatch, names) if match}


def expect_pillow(lambda_, http, name):
    """The newest version of the layer has Pillow where Python looks for it."""
    number, layer = newest_layer(lambda_, name)
    names = layer_files(http, layer)
    if not pythons(names):
        shown = f"with files such as {', '.join(names[:3])}" if names else "without files"
        in_its_place = any(name.startswith("python/") and "/PIL/" in name for name in names)
        raise Failure(
            expected="Pillow in the folder python, such as python/PIL/__init__.py, with its compiled part",
            found=f"version {number} {shown}",
            next_step="The folder is right; the compiled part, PIL/_imaging…, is missing: pack all that files lists."
            if in_its_place
            else "Section 2 says in which folder of the archive a layer for Python has its packages.",
            there=True,
        )


def expect_attached(lambda_, http, name, function):
    """The function uses a version of the layer, which is for its Python."""
    found = lambda_.get_function_configuration(FunctionName=function)
    arns = [each["Arn"] for each in found.get("Layers", [])]
    ours = [arn for arn in arns if arn.split(":")[6] == name]
    if not ours:
        raise Failure(
            expected=f"a version of the layer {name}",
            found=", ".join(arns) or "no layers",
            next_step="Layers of update_function_configuration takes the ARN of a version, the number with it.",
        )
    layer = lambda_.get_layer_version_by_arn(Arn=ours[0])
    fit, runtime = pythons(layer_files(http, layer)), found.get("Runtime", "")
    if fit and not fit & {runtime.removeprefix("python").replace(".", ""), "abi3"}:
        raise Failure(
            expected=f"a layer for the function's runtime {runtime}",
            found=f"{ours[0]}, whose compiled part is for {', '.join(f'python{each[0]}.{each[1:]}' for each in fit)}",
            next_step="Build the layer with the function's Python, or give the function the runtime of the layer.",
            there=True,
        )
