"""One look: a page from a textbook. What Gradio paints with is here; everything else is in look/*.css."""

import gradio as gr

SANS = ["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"]
MONO = ["ui-monospace", "SF Mono", "Menlo", "Consolas", "monospace"]

# Gradio's own names for what the page is painted with; every colour comes with its dark twin.
_BOTH = {
    "body_background_fill": ("#faf9f6", "#111217"),
    "background_fill_primary": ("#ffffff", "#191b22"),
    "background_fill_secondary": ("#faf9f6", "#111217"),
    "block_background_fill": ("transparent", "transparent"),
    "block_border_color": ("transparent", "transparent"),
    "border_color_primary": ("#e6e3dc", "#2a2d37"),
    "border_color_accent": ("var(--fam)", "var(--fam)"),
    "body_text_color": ("#1a1b20", "#eceae4"),
    "body_text_color_subdued": ("#5d606b", "#9b9ea9"),
    "block_label_text_color": ("#1a1b20", "#eceae4"),
    "block_title_text_color": ("#1a1b20", "#eceae4"),
    "block_info_text_color": ("#5d606b", "#9b9ea9"),
    "input_background_fill": ("#ffffff", "#191b22"),
    "input_border_color": ("#e6e3dc", "#2a2d37"),
    "input_border_color_focus": ("var(--fam)", "var(--fam)"),
    "input_placeholder_color": ("#5d606b", "#9b9ea9"),
    "slider_color": ("var(--fam)", "var(--fam)"),
    "color_accent_soft": ("#e6e3dc", "#2a2d37"),
    "button_primary_background_fill": ("var(--fam)", "var(--fam)"),
    "button_primary_background_fill_hover": ("var(--fam)", "var(--fam)"),
    "button_primary_border_color": ("var(--fam)", "var(--fam)"),
    "button_primary_text_color": ("#ffffff", "#111217"),
    "button_secondary_background_fill": ("#ffffff", "#191b22"),
    "button_secondary_background_fill_hover": ("#faf9f6", "#111217"),
    "button_secondary_border_color": ("#e6e3dc", "#2a2d37"),
    "button_secondary_text_color": ("#1a1b20", "#eceae4"),
}


def _theme() -> gr.themes.Base:
    # Plain strings, not GoogleFont: the page asks no other host for anything.
    theme = gr.themes.Base(font=SANS, font_mono=MONO, text_size=gr.themes.sizes.text_lg)
    theme.set(
        **{name: light for name, (light, _) in _BOTH.items()},
        **{f"{name}_dark": dark for name, (_, dark) in _BOTH.items()},
        color_accent="var(--fam)",
        block_border_width="0px",
        block_padding="0px",
        block_shadow="none",
        block_label_text_weight="500",
        block_title_text_weight="500",
        button_large_radius="10px",
        button_small_radius="10px",
        button_large_text_weight="500",
        input_radius="10px",
        layout_gap="16px",
        form_gap_width="0px",
    )
    return theme


THEME = _theme()
