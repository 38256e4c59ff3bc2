package core

import "testing"

func TestABlacklistIsReadLineByLine(t *testing.T) {
	const today = Day(20000)
	blocks, err := ReadBlocks("13800138000\n 11010519491231002x，京A·12345\n\n", " 多次滋扰 ", 0, today)
	if err != nil || len(blocks) != 3 || blocks[0].Kind != BlockPhone || blocks[1].Kind != BlockID || blocks[2].Value != "京A12345" ||
		blocks[2].Reason != "多次滋扰" {
		t.Errorf("%+v, %v", blocks, err)
	}
	for field, c := range map[string][3]string{
		"values": {"1380013800", "x", ""}, "reason": {"京A12345", " ", ""}, "last_day": {"京A12345", "x", "past"},
	} {
		day := Day(0)
		if c[2] != "" {
			day = today - 1
		}
		_, err := ReadBlocks(c[0], c[1], day, today)
		if fieldsOf(err) != field {
			t.Errorf("%s: %v", field, err)
		}
	}
	for value, want := range map[Day]bool{-1: false, 0: true, today - 1: false, today: true} {
		if got := (VisitorFacts{BarredUntil: []Day{-1, value}}).barred(today); got != want {
			t.Errorf("until %d: barred %v", value, got)
		}
	}
}

// What is read decides whom it stops: a number with a figure missing, a word or a remark stops nobody, and is refused.
func TestWhatALineOfABlacklistIs(t *testing.T) {
	for text, want := range map[string]BlockKind{
		"138 0013 8000": BlockPhone, "138-0013-8000": BlockPhone, "138 0013 800": "", "138-0013-800": "",
		"1380013800": "", "zhangsan": "", "多次滋扰": "", "Tom": "", "A12345": BlockPlate,
		"WJ12345": BlockPlate, "WJ京12345": BlockPlate, "京AD12345": BlockPlate, "粤Z1234港": BlockPlate,
		"AB1234": BlockPlate, "E12345678": BlockID, "A123456(7)": BlockID, "南字第12345678号": BlockID,
		"南字第12345号": BlockID, "11010519491231002X": BlockID, "110105194912310021": "",
	} {
		kind, value, err := ReadBlock(text)
		if kind != want || (err == nil) != (want != "") {
			t.Errorf("%s is read as %q %q, %v", text, kind, value, err)
		}
		if want == BlockPlate { // what a visitor writes is stored alike
			if plate, err := NormalizePlate(text); err != nil || plate != value {
				t.Errorf("%s of a visitor is %q, of the blacklist %q: %v", text, plate, value, err)
			}
		}
	}
	blocks, err := ReadBlocks("京A12345\n京a·12345\n13800138000", "滋扰", 0, 20000)
	if err != nil || len(blocks) != 2 || CountByKind(blocks) != "1 个手机、1 个车牌" {
		t.Errorf("%+v %s, %v", blocks, CountByKind(blocks), err)
	}
}
