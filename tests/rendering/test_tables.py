from brain_tumor.rendering.tables import prepared_table, split_table, unusable_note


def test_the_prepared_table_names_every_step() -> None:
    summary = {
        "raw": 7023,
        "unusable": 3,
        "duplicates": {"training": 215, "testing": 37, "testing_in_training": 182},
        "kept": 6589,
        "classes": {"glioma": 1620},
    }
    table = prepared_table(summary)
    assert table.rows == [
        ["raw", "7,023"],
        ["not usable", "3"],
        ["duplicates in Training", "215"],
        ["duplicates in Testing", "37"],
        ["Testing scans that Training holds", "182"],
        ["kept", "6,589"],
        ["  glioma", "1,620"],
    ]
    assert table.sections == [5]


def test_the_split_table_adds_up() -> None:
    table = split_table({"train": {"a": 3, "b": 4000}, "test": {"a": 1, "b": 2}})
    assert table.columns == ["class", "train", "test"]
    assert table.rows == [["a", "3", "1"], ["b", "4,000", "2"], ["all", "4,003", "3"]]
    assert table.sections == [2]


def test_left_out_files_are_counted_and_named() -> None:
    assert unusable_note([("a.png", "blank")]).splitlines() == [
        "1 file was left out, the others are used:",
        "  a.png: blank",
    ]
    many = unusable_note([(f"{i}.png", "blank") for i in range(12)]).splitlines()
    assert many[0].startswith("12 files were")
    assert len(many) == 12
    assert "2 more" in many[-1]
