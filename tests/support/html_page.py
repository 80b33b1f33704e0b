"""A page of HTML as a reader, a browser and a test see it."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "hr", "img"}
BLOCKS = {"p", "div", "li", "tr", "h1", "h2", "dt", "table", "caption", "details", "form", "header"}
BLOCKS |= {"summary", "thead", "main", "nav", "ul", "dl", "title", "label", "button", "footer"}
BLOCKS |= {"fieldset", "legend"}


@dataclass(eq=False)
class Element:
    """A tag, its attributes, and all that stands in it, in order."""

    tag: str
    attributes: dict[str, str]
    parent: "Element | None" = None
    inside: "list[Element | str]" = field(default_factory=list)

    def all(self, *tags: str) -> "list[Element]":
        """The elements below this one, of these tags or of any."""
        found = []
        for each in self.inside:
            if isinstance(each, Element):
                found += [each] if not tags or each.tag in tags else []
                found += each.all(*tags)
        return found

    def texts(self) -> "list[tuple[str, Element]]":
        """Every text below this element, with the element that it stands in."""
        found: list[tuple[str, Element]] = []
        for each in self.inside:
            found += [(each, self)] if isinstance(each, str) else each.texts()
        return found

    @property
    def text(self) -> str:
        """All text below this element."""
        return "".join(text for text, _ in self.texts())

    def ancestors(self) -> "list[Element]":
        """This element, the one that it stands in, and so on."""
        return [self, *(self.parent.ancestors() if self.parent else [])]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = self.root

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs}, self._open)
        self._open.inside.append(element)
        if tag not in VOID:
            self._open = element

    def handle_endtag(self, tag: str) -> None:
        assert self._open.tag == tag, f"</{tag}> ends <{self._open.tag}>"
        assert self._open.parent is not None
        self._open = self._open.parent

    def handle_data(self, data: str) -> None:
        self._open.inside.append(data)

    def end(self) -> Element:
        self.close()
        assert self._open is self.root, f"<{self._open.tag}> is not ended"
        return self.root


def read_html(html: str) -> Element:
    """The tree of a page; every tag in it is ended where it must be."""
    reader = _Reader()
    reader.feed(html)
    return reader.end()


def shown(page: Element) -> str:
    """The page as text: a line a block, a bar between cells, links as `[words](address)`."""
    lines = (re.sub(r"[ \n]+", " ", line).strip() for line in _written(page).split("\x00"))
    return "\n".join(line for line in lines if line) + "\n"


def form_fields(form: Element) -> dict[str, str]:
    """What a browser sends of a form that nobody changes."""
    fields = {}
    for each in form.all("input", "textarea", "select"):
        name = each.attributes["name"]
        if each.tag == "textarea":
            fields[name] = each.text.removeprefix("\n").replace("\n", "\r\n")
        elif each.tag == "select":
            chosen = [o for o in each.all("option") if "selected" in o.attributes]
            option = (chosen or each.all("option"))[0]
            fields[name] = option.attributes.get("value", option.text)
        elif each.attributes.get("type") != "checkbox":
            fields[name] = each.attributes.get("value", "")
    return fields


def _written(element: Element) -> str:
    if _is_everywhere(element):
        return ""
    written = "".join(each if isinstance(each, str) else _written(each) for each in element.inside)
    match element.tag:
        case "a":
            return f"[{written.strip()}]({element.attributes['href']})"
        case "input" | "textarea" | "select":
            return f"\x00{_field(element)}\x00"
        case "svg":
            return f"<{element.attributes['aria-label']}>"
        case "meta" if element.attributes.get("http-equiv") == "refresh":
            return f"\x00<refresh: {element.attributes['content']}>\x00"
        case "h1" | "h2":
            return f"\x00{'#' * int(element.tag[1])} {written}\x00"
        case "td" | "th":
            blocks = [block.strip() for block in written.split("\x00")]
            return " / ".join(block for block in blocks if block) + " | "
        case "summary":
            return f"\x00▸ {written}\x00"
    return f"\x00{written}\x00" if element.tag in BLOCKS else written


def _is_everywhere(element: Element) -> bool:
    """Whether this is a part of the frame, and so the same on every page; or is not shown."""
    is_skip = element.attributes.get("class") == "skip"
    is_theme = "data-theme-form" in element.attributes
    return is_skip or is_theme or element.tag in {"dialog", "datalist"}


def _field(field: Element) -> str:
    """A field of a form with what stands in it; a token is another each time."""
    name = field.attributes["name"]
    value = "" if name == "token" else field.attributes.get("value", "")
    kind = field.attributes.get("type", "text") if field.tag == "input" else field.tag
    if field.tag == "textarea":
        value = field.text
    elif field.tag == "select":
        chosen = [each.text for each in field.all("option") if "selected" in each.attributes]
        value = "".join(chosen)
    return f"<{kind}: {name} = {value}>" if value.strip() else f"<{kind}: {name}>"
