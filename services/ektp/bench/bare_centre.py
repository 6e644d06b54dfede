"""The yardstick of the fault console: the same centre, its API served by uvicorn alone, with nothing in front of it.

`python -m services.ektp.bench.bare_centre`, configured by the environment as the centre is.
"""

import gc

import uvicorn

from services.central_mock.app import create_app
from services.central_mock.settings import CentreSettings
from shared.logs import configure_logging

if __name__ == "__main__":
    settings = CentreSettings()
    configure_logging("central_mock", settings.log_format, settings.log_level)
    app = create_app(settings)
    gc.collect()
    gc.freeze()  # as the centre's own process does
    uvicorn.run(
        app,
        host=settings.bind_host,
        port=settings.port,
        http="httptools",
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
    )
