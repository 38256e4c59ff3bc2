package core

import (
	"slices"
	"strings"
	"testing"
)

func TestInFigures(t *testing.T) {
	for label, want := range map[string]string{
		"": "", "3栋": "3栋", "三栋二单元501": "3栋2单元501", "十栋": "10栋", "十二栋": "12栋", "二十栋": "20栋", "二十三号楼": "23号楼",
		"一百零五室": "105室", "一百一十室": "110室", "三〇二室": "302室", "两户": "2户", "一期甲座": "1期甲座", "1栋二": "1栋2",
		"三元里": "三元里", "万千百花园1栋": "万千百花园1栋", "零": "零", "张三": "张三", "三": "三", "一二三四五六七栋": "一二三四五六七栋",
	} {
		if got := inFigures(label); got != want {
			t.Errorf("%q in figures is %q, want %q", label, got, want)
		}
	}
}

// Buildings numbered in Chinese sort in numerical order.
func TestSortKeyOfNumerals(t *testing.T) {
	want := []string{"一栋甲", "一栋乙", "一栋丙", "二栋", "三栋一单元", "三栋二单元", "三栋三单元", "十栋", "十一栋", "二十栋"}
	got := slices.Clone(want)
	slices.Sort(got)
	slices.SortStableFunc(got, func(a, b string) int { return strings.Compare(SortKey(a, 250), SortKey(b, 250)) })
	if !slices.Equal(got, want) {
		t.Errorf("sorted %v, want %v", got, want)
	}
}
