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
