import pytest

from evald.domain.media_types import media_type

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR"


@pytest.mark.parametrize(
    ("filename", "beginning", "expected"),
    [
        ("a.txt", b"hello", "text/plain"),
        ("A.PDF", b"", "application/pdf"),
        ("a.png", PNG, "image/png"),
        ("a.jpg", PNG, "image/png"),  # the bytes count more than the name
        ("photo", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("x", b"GIF87a", "image/gif"),
        ("x", b"GIF89a", "image/gif"),
        ("x", b"%PDF-1.7", "application/pdf"),
        ("x", b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
        ("x.wav", b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"),
        ("archive.tar.csv", b"a,b", "text/csv"),
        ("png", b"a", "application/octet-stream"),  # a name, not an ending
        ("a.unknown", b"", "application/octet-stream"),
        ("", b"", "application/octet-stream"),
    ],
)
def test_a_file_is_of_the_type_its_bytes_or_its_name_say(
    filename: str, beginning: bytes, expected: str
) -> None:
    assert media_type(filename, beginning) == expected
