"""Texts in a form that only one program, or one rule, gives them: what generators leave. Pure.

So a caption about a program is none of it. All of it is a word that anybody can write or remove.
"""

import re

# Where a text has a form that only one program gives it.
_FORMS = (
    (re.compile(r"\bSteps: \d+, (?:Sampler|Schedule)"),
     "settings as Stable Diffusion programs write them"),
    (re.compile(r"--(?:v|ar|niji|style|stylize|q)\s\S+.*Job ID: [0-9a-f-]{36}", re.DOTALL),
     "a prompt and a job number as Midjourney writes them"),
    (re.compile(r"Job ID: [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"),
     "a job number as Midjourney writes it"),
    (re.compile(r'\\?"class_type\\?"\s*:\s*\\?"|^\{.{0,200}"last_(?:node|link)_id"\s*:', re.DOTALL),
     "a workflow as ComfyUI writes it"),
    (re.compile(r'"sampler"\s*:.{0,4000}"(?:uc|request_type)"\s*:', re.DOTALL),
     "settings as NovelAI writes them"),
    (re.compile(r"^NovelAI generated image"), "a title as NovelAI writes it"),
    (re.compile(r'"(?:positive_prompt|sui_image_params|fooocus_scheme)"\s*:'),
     "settings as a program for diffusion models writes them"),
    (re.compile(r"^Signature: [A-Za-z0-9+/]{80,}={0,2}$"), "a signature as Grok writes it"),
    (re.compile(r"^ChtzZWN1cml0eS5rbGluZy5tZXRhX2VuY3J5cH"), "a sealed note as Kling writes it"),
)  # fmt: skip
# GB 45438-2025, the label in a file's metadata: in a field AIGC, Label says how sure it is.
_LABEL = re.compile(
    r'\\?"Label\\?"\s*:\s*\\?"?([123])\b.{0,400}?\\?"ContentProducer\\?"', re.DOTALL
)
_SURE = {
    "1": "it was generated",
    "2": "it may have been generated",
    "3": "it is suspected to have been generated",
}
_KEYS = {
    "parameters": "Stable Diffusion web UI",
    "prompt": "ComfyUI",
    "workflow": "ComfyUI",
    "dream": "InvokeAI",
    "sd-metadata": "InvokeAI",
    "invokeai_metadata": "InvokeAI",
    "fooocus_scheme": "Fooocus",
    "sui_image_params": "SwarmUI",
}


def own_form(text: str) -> str:
    """Whose form a text has, in words; nothing where it has none's."""
    if label := _LABEL.search(text):
        return f"the label that China asks for (GB 45438-2025), that {_SURE[label[1]]}"
    return next((what for form, what in _FORMS if form.search(text)), "")


def own_key(key: str) -> str:
    """Whose name for a text a key is, in words; nothing where it is none's. Any case."""
    program = _KEYS.get(key.lower())
    return f"a text under the name that {program} uses" if program else ""
