package access

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/store"
	"tongxing/templates"
)

// What a button of the form sends is read as the act that wrote it, and nothing else is.
func TestRestrictionActs(t *testing.T) {
	for text, want := range map[string]restrictionAct{
		"search": {Verb: pickSearch}, "paste": {Verb: pickPaste}, "all": {Verb: pickAll},
		"open-0": {Verb: pickOpen}, "open-7": {pickOpen, 7}, "all-7": {pickAll, 7}, "none-7": {pickNone, 7},
	} {
		if got := parseRestrictionAct(text); got != want || want.String() != text {
			t.Errorf("%s is read as %+v, and written as %s", text, got, want)
		}
	}
	for _, text := range []string{
		"", "save", "open", "none", "none-0", "all-0", "all-", "open-x", "open-07", "open--7", "search-7", "paste-7", "ALL", "all-7-8",
	} {
		if got := parseRestrictionAct(text); got != (restrictionAct{}) {
			t.Errorf("%q is read as %+v", text, got)
		}
	}
}

// TestNewRestrictionPage draws the page from its facts, without a request or a store.
func TestNewRestrictionPage(t *testing.T) {
	house := func(id core.ID, label string) core.House { return core.House{ID: id, Label: label, Path: "/1/2/"} }
	a, b, c := house(11, "1栋101"), house(12, "1栋102"), house(13, "1栋103")
	day, _ := core.ParseDay("2099-01-01") // is one
	held := map[core.ID]core.Restriction{b.ID: {Exits: 2, Reason: "社区通知", LastDay: day}}
	const bHeld, bAsk = "1栋102（已有限制：限 2 次，社区通知，至 2099-01-01）", "勾选的房屋中有 1 套已限制出入，原来的次数、原因和截止日期将换成这次填写的。"
	for _, test := range []struct {
		what  string
		facts restrictionFacts
		want  map[string]string // of what pageSays
	}{
		{"an empty form", restrictionFacts{Form: restrictionForm{Exits: "-1"}}, map[string]string{
			"choices": "", "ticked": "", "announced": "", "ask": "", "tree": "", "nothing": "没有找到房屋。", "exits": "-1", "wrong": "",
		}},
		{"nothing chosen in the tree", restrictionFacts{Nodes: sampleNodes()}, map[string]string{
			"tree": "全部楼栋", "nothing": "点一处楼栋，列出它的房屋；也可以输入房号来找。",
		}},
		{"ticked before found, each once, with what they have", restrictionFacts{
			Form: restrictionForm{Houses: []core.ID{11, 12}, Node: 2}, Nodes: sampleNodes(), Ticked: []core.House{a, b},
			Found: []store.HouseRow{{House: b}, {House: c}}, Held: held, Full: true,
		}, map[string]string{
			"choices": "1栋101|" + bHeld + "|1栋103", "ticked": "11|12", "announced": "12", "ask": bAsk, "tree": "2",
			"full": "一次最多 500 套，其余没有勾选。", "help": "只在选中的楼栋里找；要在整个小区里找，先点“全部楼栋”。",
		}},
		{"a list", restrictionFacts{
			Form: restrictionForm{Houses: []core.ID{12}, Pasted: "x", Reviewed: "d"}, Ticked: []core.House{b}, Held: held,
			Matches: []core.HouseMatch{
				{Line: "x"}, {Line: "102", Houses: []core.House{b}}, {Line: "103", Houses: []core.House{c}},
				{Line: "1", Houses: []core.House{a, c}},
			},
			Notes: []string{"一句"},
		}, map[string]string{
			"lines": "x 没有找到 请核对房号|1 不止一套 请在下面勾选：1栋101、1栋103|102 已有限制 " + bHeld + "|103 已匹配 1栋103",
			"tally": "名单有 4 行：2 行已匹配，1 行不止一套，1 行没有找到。", "notes": "一句", "reviewed": "d", "pasted": "x",
			"choices": bHeld + "|1栋103|1栋101", "ticked": "12",
		}},
		{"wrong fields keep what was typed", restrictionFacts{
			Typed:  url.Values{"exits": {"many"}, "last_day": {"tomorrow"}, "reason": {"居家"}, "houses": {"x"}},
			Unread: "名单.exe",
			Wrong:  core.InvalidFields(map[string]string{"exits": "要整数", "pasted": "没有核对", restrictionFile: "太大"}),
		}, map[string]string{
			"exits": "many", "last_day": "tomorrow", "reason": "居家", "ticked": "", "unread": "名单.exe", "error": "", "notice": "",
			"wrong": "exits 要整数|file 太大|pasted 没有核对",
		}},
		{"a restriction would be replaced unannounced", restrictionFacts{
			Form: restrictionForm{Houses: []core.ID{12}}, Ticked: []core.House{b}, Held: held,
			Wrong: core.CheckReplaced([]core.ID{12}, nil),
		}, map[string]string{
			"announced": "12", "ask": "", "error": "",
			"notice": "还没有保存：所选房屋中有 1 套已限制出入，原来的次数、原因和截止日期将被替换。再按一次“限制出入”即替换。",
		}},
		{"another conflict", restrictionFacts{Wrong: core.Conflict("冲突")}, map[string]string{"error": "冲突", "notice": ""}},
	} {
		t.Run(test.what, func(t *testing.T) {
			test.facts.At.ID = 1
			page := newRestrictionPage(templates.Shell{CSRF: "token"}, test.facts)
			if page.Form.Action != frame.RestrictionPath || page.Preview != restrictionPreviewPath || page.Form.CSRF != "token" {
				t.Errorf("sent to %q and %q", page.Form.Action, page.Preview)
			}
			said := pageSays(t, page)
			for what, want := range test.want {
				if got, known := said[what]; got != want || !known {
					t.Errorf("%s: %q, want %q", what, got, want)
				}
			}
		})
	}
}

// pageSays returns what a page shows, by what it is; lists are joined by "|".
func pageSays(t *testing.T, p restrictionNewPage) map[string]string {
	t.Helper()
	said := map[string]string{
		"announced": joined(p.Already, core.ID.String), "ask": p.Ask, "nothing": p.Nothing(), "help": p.Search.Help, "full": p.Full,
		"tally": p.Tally, "notes": strings.Join(p.Notes, "|"), "reviewed": p.Reviewed, "pasted": p.Pasted.Value, "unread": p.File.Value,
		"error": p.Form.Error, "notice": p.Form.Notice, "tree": "",
		"lines": joined(p.Matches, func(m restrictionMatch) string { return m.Line + " " + m.State.Text + " " + m.Words }),
	}
	if p.Tree != nil {
		said["tree"] = p.Node.String()
		if p.Tree.All.Current {
			said["tree"] = p.Tree.All.Label
		}
	}
	wrong := []string{"pasted " + p.Pasted.Error, "file " + p.File.Error}
	for _, field := range p.Form.Sections[0].Fields {
		said[field.Name] = field.Value
		wrong = append(wrong, field.Name+" "+field.Error)
		if field.Name == "houses" {
			said["ticked"] = strings.Join(field.Values, "|")
			said["choices"] = joined(field.Choices, func(c templates.Choice) string { return c.Label })
		}
	}
	wrong = slices.DeleteFunc(wrong, func(w string) bool { return strings.HasSuffix(w, " ") })
	slices.Sort(wrong)
	said["wrong"] = strings.Join(wrong, "|")
	return said
}

func joined[T any](list []T, text func(T) string) string {
	texts := make([]string, len(list))
	for i, item := range list {
		texts[i] = text(item)
	}
	return strings.Join(texts, "|")
}
