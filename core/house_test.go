package core

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestHouseGrid(t *testing.T) {
	paths, err := HouseGrid{Above: []string{"1-2、A", "1"}, Floors: "1-3，5", Rooms: "1-2"}.Paths()
	if err != nil || len(paths) != 3*1*4*2 {
		t.Fatalf("%d paths, %v", len(paths), err)
	}
	if first, last := paths[0], paths[len(paths)-1]; !slices.Equal(first, []string{"1", "1", "101"}) ||
		!slices.Equal(last, []string{"A", "1", "502"}) {
		t.Errorf("from %v to %v", first, last)
	}
	for field, grid := range map[string]HouseGrid{
		"above0":  {Above: []string{" "}, Floors: "1", Rooms: "1"},
		"floors":  {Floors: "9-1", Rooms: "1"},
		"rooms":   {Floors: "1-100", Rooms: "1-51"},
		"pattern": {Floors: "1", Rooms: "1", Pattern: "层"},
	} {
		if _, err := grid.Paths(); err == nil || err.(*Error).Fields[field] == "" {
			t.Errorf("%s: %v", field, err)
		}
	}
}

func TestDoorNumber(t *testing.T) {
	for pattern, want := range map[string]string{"层室室": "501", "层层室室": "0501", "层-室": "5-1", "商铺室": "商铺1"} {
		if got := DoorNumber(pattern, "5", "1"); got != want {
			t.Errorf("%s: %q, want %q", pattern, got, want)
		}
	}
	if got := DoorNumber("层室室", "12", "12"); got != "1212" {
		t.Errorf("12, 12: %q", got)
	}
}

// What is written with the level's own word is read without it.
func TestHouseGridLeavesUnitsOut(t *testing.T) {
	for text, want := range map[string]string{
		"1-2栋": "1 2", "１－２栋": "1 2", "1栋-2栋": "1 2", "1栋、3栋": "1 3", "A栋-C栋": "A B C", "东栋": "东栋", "栋": "栋", "1栋": "1",
	} {
		g := HouseGrid{Above: []string{text, "1单元"}, Units: []string{"栋", "单元"}, Floors: "1-2层", Rooms: "1-2户"}
		paths, err := g.Paths()
		var names []string
		for _, path := range paths {
			if path[1] != "1" || len(path[2]) != 3 {
				t.Errorf("%q: %q", text, path)
			}
			if !slices.Contains(names, path[0]) {
				names = append(names, path[0])
			}
		}
		if err != nil || strings.Join(names, " ") != want {
			t.Errorf("%q: %v, %v", text, names, err)
		}
	}
}

func TestParseSeries(t *testing.T) {
	for text, want := range map[string]string{
		"1-3、2,7": "1 2 3 7", "a-c": "a b c", "B2": "B2", "９-11": "9 10 11", "东区 1": "东区 1",
		"-2、-1、1-2": "-2 -1 1 2", "B2、B1、1至2": "B2 B1 1 2", "A-1": "A-1", "−1": "-1",
	} {
		if got, err := ParseSeries(text); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%q: %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "、", "5-1", "A-c", "0-1000", "1-99999999999999999"} {
		if got, err := ParseSeries(text); err == nil && len(got) != 1 {
			t.Errorf("%q: %v", text, got)
		}
	}
	for _, text := range []string{"-2-3", "-2--1", "-2至3", "-2~3", "－2－3", "−2–1", "1-3、-2-3", "B2-B1", "B1-3", "b3~1", "负2-负1"} {
		if got, err := ParseSeries(text); err == nil {
			t.Errorf("a range below ground is taken as %q: %v", text, got)
		}
	}
}

func TestParseYuan(t *testing.T) {
	for text, want := range map[string]int64{
		"": 0, "  ": 0, "12": 1200, "1,280.5": 128050, "0.01": 1, "10000000": ArrearsMostFen, "１２３．４": 12340, "１，２８０。５元": 128050,
	} {
		if got, err := ParseYuan(text); err != nil || got != want {
			t.Errorf("%q: %d, %v", text, got, err)
		}
	}
	for _, text := range []string{"-1", "1.234", "x", "10000000.01", "999999999", ".5", "元", ",", "￥ ", "¥，元"} {
		if _, err := ParseYuan(text); err == nil {
			t.Errorf("%q is no error", text)
		}
	}
	for fen, want := range map[int64]string{0: "0.00", 7: "0.07", 99_999: "999.99", 128_050: "1,280.50", ArrearsMostFen: "10,000,000.00"} {
		if got := Yuan(fen); got != want {
			t.Errorf("%d fen are %s, want %s", fen, got, want)
		}
		if back, err := ParseYuan(Yuan(fen)); err != nil || back != fen {
			t.Errorf("%s is read as %d: %v", Yuan(fen), back, err)
		}
	}
}

// A pattern by which houses of a unit share a door number is refused before anything is promised.
func TestHouseGridNeedsADoorNumberEach(t *testing.T) {
	for _, c := range []struct{ pattern, floors, rooms, says string }{
		{"室", "1-18", "1-4", "有 18 层时门牌格式须含“层”，否则各层的房号一样"},
		{"层室", "1-11", "1-11", "按这个格式，1 层 11 室和 11 层 1 室的房号都是 111"},
		{"室", "1", "1-4", ""}, {"层室室", "1-11", "1-11", ""},
	} {
		_, err := HouseGrid{Above: []string{"1"}, Floors: c.floors, Rooms: c.rooms, Pattern: c.pattern}.Paths()
		var got string
		if e := new(Error); errors.As(err, &e) {
			got = e.Fields["pattern"]
		}
		if got != c.says {
			t.Errorf("%s of %s floors: %q, want %q", c.pattern, c.floors, got, c.says)
		}
	}
}

// What cannot be a name is said at its field, and ranges of 甲, 乙, … and of numerals are ranges.
func TestSeriesOfNames(t *testing.T) {
	for text, want := range map[string]string{
		"甲-丁": "甲 乙 丙 丁", "一至三": "一 二 三", "甲、丙": "甲 丙", "丁-甲": "丁-甲", "东-西": "东-西",
	} {
		if items, err := ParseSeries(text); err != nil || strings.Join(items, " ") != want {
			t.Errorf("%s: %q, %v", text, items, err)
		}
	}
	_, err := HouseGrid{Above: []string{"1", "🏠"}, Floors: "1", Rooms: "1"}.Paths()
	if e := new(Error); !errors.As(err, &e) || !strings.HasPrefix(e.Fields["above1"], "“🏠”不能作名称") {
		t.Errorf("a picture as a name: %v", err)
	}
}
