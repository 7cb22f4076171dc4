"""The embedded emulator, as a program, with one more way of administering it: an account that was kept is put back.

`POST /_lab/again` makes the account what it was when its folder was copied to the folder `kept` beside it. That takes a
tenth of what stopping and starting the emulator takes.
"""

import asyncio
import shutil
import sys

from lab_harness.emulators.inside import server
from lab_harness.emulators.inside.rules.ec2_events import InstanceWatch


class PutBack(server.LabEmulator):
    """An emulator whose account can be put back."""

    def __init__(self, token, secret, folder):
        super().__init__(token, secret, folder)
        self._folder = folder
        self._do = self._administration._do
        self._administration._do = self._do_more

    async def _do_more(self, method, action, wanted):
        if (method, action) == ("POST", "again"):
            async with self._ministack._get_reset_lock():
                await asyncio.to_thread(self._put_back)
            return {}
        return await self._do(method, action, wanted)

    def _put_back(self):
        with self._saver._turn:  # nothing is saved meanwhile
            self._ministack._reset_all_state()
            for name in ("state", "s3"):
                if (kept := self._folder.parent / "kept" / name).is_dir():
                    shutil.copytree(kept, self._folder / name, dirs_exist_ok=True)
            if s3 := sys.modules.get("ministack.services.s3"):
                s3._load_persisted_data()  # as when it is loaded, before its state
            if gateway := sys.modules.get("ministack.services.apigateway"):
                gateway._jwks_cache.clear()  # a user pool that is put back has the same id, and other keys
            self._time.load()
            self._ministack._load_persisted_state()
            self._instances = InstanceWatch()  # Instances that were restored have announced themselves before.


if __name__ == "__main__":
    server.LabEmulator = PutBack
    server.main()
