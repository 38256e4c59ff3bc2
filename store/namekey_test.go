package store

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"tongxing/core"
)

// Names sort as in a Chinese telephone directory, also those whose family name is
// read otherwise than its character mostly is.
func TestNameKey(t *testing.T) {
	want := []string{
		"alice", "Bob", "ＢＯＢＢＹ", "阿明", "安东", "白雪", "陈明", "褚遂良", "盖叫天", "葛优", "李思", "李四", "缪斯", "区小", "欧阳修",
		"朴树", "仇英", "单雄信", "王伟", "解缙", "尉迟恭", "曾国", "张三", "张三丰", "赵云", "周瑜",
	}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortStableFunc(got, func(a, b string) int { return strings.Compare(nameKey(a), nameKey(b)) })
	if !slices.Equal(got, want) {
		t.Errorf("sorted\n%q, want\n%q", got, want)
	}
	if a, b := nameKey(" Bob "), nameKey("ｂｏｂ"); a != b {
		t.Errorf("%s, %s", a, b)
	}
	for _, name := range []string{"", "\x00", strings.Repeat("张", core.MaxName), "\xff曾", "曾\x00单"} {
		if key := nameKey(name); len(key) > maxNameKey {
			t.Errorf("%q: %d bytes", name, len(key))
		}
	}
}

func TestNameKeysAtOnce(t *testing.T) {
	want := nameKey("欧阳修")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				if got := nameKey("欧阳修"); got != want {
					t.Errorf("%s, want %s", got, want)
				}
			}
		})
	}
	all.Wait()
}
