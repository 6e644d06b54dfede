"""The two parts of an arriving record, read with a limit."""

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from shared.problems import InvalidInput, TooLarge, UnsupportedMedia

ENVELOPE, PACKET = "envelope", "packet"
MAX_BODY = 64 * 1024 * 1024
MAX_ENVELOPE = 64 * 1024


async def read_record_form(request: Request) -> tuple[bytes, bytes]:
    """Envelope and packet. Raises UnsupportedMedia, InvalidInput, TooLarge."""
    media = request.headers.get("content-type", "").lower()
    if not media.startswith("multipart/form-data") or "boundary=" not in media:
        raise UnsupportedMedia("A record comes as multipart/form-data with a boundary")
    if int(request.headers.get("content-length", "0")) > MAX_BODY:
        raise TooLarge(f"A record is at most {MAX_BODY} bytes")
    try:
        form = await request.form(max_files=2, max_fields=2, max_part_size=MAX_ENVELOPE)
    except HTTPException as error:
        raise InvalidInput(f"The form can't be read: {error.detail}") from error
    except UnicodeError as error:  # `charset=punycode`: not every codec of Python fails as a decoder does
        raise InvalidInput("The form can't be read: it is not in the charset it names") from error
    try:
        if sorted(key for key, _ in form.multi_items()) != [ENVELOPE, PACKET]:
            raise InvalidInput("The form has one part `envelope` and one part `packet`, nothing else")
        return await _content(form[ENVELOPE]), await _content(form[PACKET])
    finally:
        await form.close()


async def _content(part: UploadFile | str) -> bytes:
    """A part's bytes, whether the client sent it as a file or as a field."""
    if isinstance(part, str):
        return part.encode(errors="surrogatepass")  # what is no text is refused as no JSON
    content = await part.read(MAX_BODY + 1)
    if len(content) > MAX_BODY:
        raise TooLarge(f"A record is at most {MAX_BODY} bytes")
    return content
