"""What the strips of several tabs say of models of faces, so that they compare."""


def likeness(measured: dict, how: str = "") -> list[tuple[str, str]]:
    """Two cells of a strip: how near faces drawn so are to real ones, all at 32 pixels, where models compare."""
    real = {
        key: measured[f"floor_{key}_at_32"] for key in ("fd_mobilenetv2", "precision", "recall")
    }
    return [
        (
            f"{measured['fd_mobilenetv2_at_32']:.0f}",
            f"FD-MobileNetV2 of {measured['samples']:,} faces{how} at 32 pixels; real ones: "
            f"{real['fd_mobilenetv2']:.0f}",
        ),
        (
            f"{measured['precision_at_32']:.2f} / {measured['recall_at_32']:.2f}",
            f"precision (near a real face) / recall (near a drawn one); real: {real['precision']:.2f} / "
            f"{real['recall']:.2f}",
        ),
    ]
