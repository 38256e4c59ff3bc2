package core

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

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
		"南字第12345号": BlockID, "11010519491231002X": BlockID, "1390001000O": "", "13900010001x": "", "139000100OO": "",
		"H1390001000": BlockID, "110105194912310021": "",
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

// Every line that is nothing is named, up to twenty, so that a list is mended at once.
func TestAllBadLinesOfABlacklistAreNamed(t *testing.T) {
	said := func(lines string) string {
		_, err := ReadBlocks(lines, "滋扰", 0, 20000)
		var e *Error
		if !errors.As(err, &e) {
			t.Fatalf("%q: %v", lines, err)
		}
		return e.Fields["values"]
	}
	if got := said("13800138000\n1380013800\n\n京A12345、多次滋扰"); got != "第 2 行“1380013800”、第 4 行“多次滋扰”不是手机号、证件号或车牌号" {
		t.Error(got)
	}
	var many strings.Builder
	for i := range 30 {
		fmt.Fprintf(&many, "人%c\n", '甲'+rune(i))
	}
	if got := said(many.String()); strings.Count(got, "行“") != 20 || !strings.Contains(got, "等 30 个") {
		t.Error(got)
	}
}

// A visit that waits says for whom.
func TestAVisitWaitsForSomebody(t *testing.T) {
	now := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	for way, want := range map[VisitorWay]string{VisitBooked: "等住户答复", VisitApplied: "待审核"} {
		v := VisitorPass{Way: way, Answer: VisitWaiting, Until: now.Add(time.Hour)}
		if got := v.WaitsFor(now); got != want {
			t.Errorf("%s waits for %q, in state %s", way, got, v.State(now))
		}
		if v.Answer = ""; v.WaitsFor(now) != "" {
			t.Errorf("%s waits though it is %s", way, v.State(now))
		}
	}
}
