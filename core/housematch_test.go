package core

import (
	"strings"
	"testing"
)

func TestMatchHouses(t *testing.T) {
	var houses []House
	for i, label := range []string{"3栋2单元501", "3栋12单元501", "13栋2单元501", "A座0801", "东区1栋101", "西区1栋101", "别墅甲"} {
		houses = append(houses, House{ID: ID(i + 1), Label: label})
	}
	for line, want := range map[string]string{
		"3栋2单元501":     "3栋2单元501",
		" 3-2-501 ":    "3栋2单元501",
		"03栋02单元0501室": "3栋2单元501",
		"12-501":       "3栋12单元501",
		"2-501":        "3栋2单元501 13栋2单元501",
		"501":          "3栋2单元501 3栋12单元501 13栋2单元501",
		"a801":         "",
		"a座801":        "A座0801",
		"1-101":        "东区1栋101 西区1栋101",
		"西区1-101":      "西区1栋101",
		"北区1-101":      "",
		"别墅甲":          "别墅甲",
		"别墅":           "",
		"9-9-999":      "",
		"---":          "",
	} {
		got := MatchHouses("\n"+line+"\r\n\n", houses)
		if len(got) != 1 {
			t.Fatalf("%q: %d lines", line, len(got))
		}
		var labels []string
		for _, house := range got[0].Houses {
			labels = append(labels, house.Label)
		}
		if strings.Join(labels, " ") != want {
			t.Errorf("%q means %v, want %s", line, labels, want)
		}
	}
	if got := MatchHouses("\n \n", houses); len(got) != 0 {
		t.Errorf("empty lines give %v", got)
	}
	many := make([]House, 50)
	for i := range many {
		many[i] = House{ID: ID(i + 1), Label: strings.Repeat("栋", i+1) + "101"}
	}
	if got := MatchHouses("101", many); len(got[0].Houses) != HouseMatchShown {
		t.Errorf("%d houses of one line", len(got[0].Houses))
	}
}
