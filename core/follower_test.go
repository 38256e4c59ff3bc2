package core

import (
	"strings"
	"testing"
	"time"
)

func TestFollowerDiffers(t *testing.T) {
	since := time.Unix(1_763_611_200, 0)
	f := Follower{OpenID: "o", UnionID: "u", Since: since, Source: "ADD_SCENE_SEARCH", Remark: "王", Tags: []int{100, 101}}
	same := ToldFollower{
		OpenID: "o", UnionID: "u", Follows: true, Since: since, Source: "ADD_SCENE_SEARCH", Remark: "王", Tags: []int{101, 100},
	}
	if same.Differs(f) {
		t.Error("the order of tags is no difference")
	}
	for name, change := range map[string]func(*ToldFollower){
		"left": func(t *ToldFollower) { *t = ToldFollower{OpenID: "o"} }, "remark": func(t *ToldFollower) { t.Remark = "" },
		"tag": func(t *ToldFollower) { t.Tags = nil }, "union": func(t *ToldFollower) { t.UnionID = "v" },
		"since": func(t *ToldFollower) { t.Since = since.Add(time.Second) },
	} {
		told := same
		if change(&told); !told.Differs(f) {
			t.Errorf("%s is no difference", name)
		}
	}
	f.Left = since
	if !same.Differs(f) || (ToldFollower{OpenID: "o"}).Differs(f) {
		t.Error("somebody who left")
	}
}

func TestFollowerSyncIsWhole(t *testing.T) {
	for _, c := range []struct {
		met, total int
		want       bool
	}{
		{0, 0, true}, {10, 10, true}, {10, 60, true}, {10, 61, false}, {198_000, 200_000, true}, {197_999, 200_000, false},
	} {
		if got := (FollowerSync{Met: c.met, Total: c.total}).Whole(); got != c.want {
			t.Errorf("%d of %d: %v", c.met, c.total, got)
		}
	}
}

func TestFollowerWords(t *testing.T) {
	for _, s := range FollowerSources {
		if label := s.Label(); label == "" || s != "ADD_SCENE_OTHERS" && label == "其他" {
			t.Errorf("%s is called %q", s, label)
		}
	}
	if FollowerSource("ADD_SCENE_MOON").Label() != "其他" || FollowerSource("").Label() != "–" {
		t.Error("a source to come, or none")
	}
	if got, err := CleanFollowerRemark(" 王 "); got != "王" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := CleanFollowerRemark(strings.Repeat("王", 30)); !IsInvalid(err) {
		t.Errorf("30 characters: %v", err)
	}
	for name, right := range map[string]bool{"": false, "业主": true, strings.Repeat("业", 30): true, strings.Repeat("业", 31): false} {
		if err := (FollowerTag{Name: name}).Trimmed().Check(); (err == nil) != right {
			t.Errorf("%q: %v", name, err)
		}
	}
	if !(FollowerTag{Number: 2}).Fixed() || (FollowerTag{Number: 100}).Fixed() {
		t.Error("which tags are WeChat's own")
	}
}

func TestFollowerSyncWords(t *testing.T) {
	for want, s := range map[string]FollowerSync{
		"增加 30 人": {Added: 30}, "增加 1 人，取消关注 2 人": {Added: 1, Removed: 2}, "没有变化": {},
	} {
		if got := s.Words(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
