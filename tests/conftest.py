"""For all tests."""

import os
import signal

import pytest

from judge import language


def pytest_configure() -> None:
    """Ctrl-C works in the programs that tests start, also where the tests themselves were told to ignore it.

    A shell without a terminal starts what is put into the background like that, and it is inherited.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    os.environ[language.VARIABLE] = "en"  # whoever runs them


@pytest.fixture(autouse=True)
def _the_language_is_nobodys_choice():
    """What one test asked for is not what the next one gets."""
    yield
    language.use(None)
