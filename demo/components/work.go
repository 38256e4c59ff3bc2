package components

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"tongxing/templates"
)

const path = "/console/dev/components"

func views(query url.Values) templates.SavedViews {
	state := query.Get("state")
	return templates.SavedViews{
		Stem: "reader", Save: "/console/savedview", Manage: "/console/savedview?stem=reader",
		Query: query.Encode(), Views: []templates.NavItem{
			{Label: "离线的门", URL: path + "?state=off", Active: state == "off"},
			{Label: "今日最忙", URL: path + "?sort=-today"}},
	}
}

// UploadPath is where the sample upload is sent, and MaxUpload the
// largest file it takes, in bytes.
const (
	UploadPath = path + "/upload"
	MaxUpload  = 64 << 10
)

func sampleUpload(prefix string) templates.Field {
	return templates.Field{
		Kind: templates.Upload, Prefix: prefix, Name: "list", Label: "名单", Accept: []string{".txt", ".csv", ".xlsx"},
		MaxBytes: MaxUpload, Help: "第一列写房屋，一行一套。",
	}
}

func uploadForm(csrf string) templates.Form {
	field := sampleUpload("")
	field.Required = true
	return templates.Form{
		Action: UploadPath + "#upload", CSRF: csrf, Submit: "读取名单",
		Sections: []templates.Section{{Fields: []templates.Field{field}}},
	}
}

// PickPath is where the buttons of the sample tree in a form are sent.
const PickPath = path + "/pick"

// Picked draws the sample tree in a form as one of its buttons leaves it.
func (p *Page) Picked(act string) { p.Pick = pickTree(act) }

// pickTree is a tree in a form: a building that is open, one of whose units is
// ticked, and one that is too large to be ticked at once. act is what was pressed last.
func pickTree(act string) templates.Tree {
	ticked := map[string]int{"2": 60}
	switch act {
	case "all-1":
		ticked["2"], ticked["3"] = 60, 60
	case "none-1", "none-2":
		ticked["2"] = 0
	case "all-3":
		ticked["3"] = 60
	}
	chosen := "2"
	if _, id, found := strings.Cut(act, "-"); found {
		chosen = id
	}
	const address = PickPath + "#sample-pick"
	node := func(id, label string, ticked, houses int) templates.TreeNode {
		n := templates.TreeNode{
			Label: label, URL: address, Act: "open-" + id, Note: fmt.Sprintf("已选 %d / %d 套", ticked, houses),
			Current: id == chosen, Leaf: true,
			Pick: &templates.TreePick{Act: "all-" + id, Label: "全选", Words: "全选 " + label + " 的房屋"},
		}
		if ticked == houses {
			n.Pick = &templates.TreePick{Act: "none-" + id, Label: "全不选", Words: "全不选 " + label + " 的房屋"}
		}
		return n
	}
	one := node("1", "1栋", ticked["2"]+ticked["3"], 120)
	one.Leaf = false
	one.Children = []templates.TreeNode{node("2", "1单元", ticked["2"], 60), node("3", "2单元", ticked["3"], 60)}
	two := templates.TreeNode{Label: "2栋", URL: address, Act: "open-4", Note: "900 套", Current: chosen == "4", Leaf: true}
	return templates.Tree{
		ID: "sample-pick", Label: "选择楼栋",
		Nodes: []templates.TreeNode{one, two},
	}
}

// SuggestPath answers the sample pickers while they are typed, with
// Suggestions.
const SuggestPath = path + "/suggest"

// Picker is a picker in one state: the fields of a form of its own.
type Picker struct {
	State  string
	Fields []templates.Field
}

var (
	sampleHouses = []string{"1栋1单元101", "1栋1单元102", "2栋1单元101", "3栋2单元501"}
	samplePeople = []string{"李建华 · 138****0032 · 3栋2单元501", "李建华 · 139****4410 · 1栋1单元102", "王秀兰 · 137****8821 · 2栋1单元101"}
)

// Suggestions are the choices of the sample pickers that hold a text: houses, or
// people.
func Suggestions(people bool, text string) []string {
	all := sampleHouses
	if people {
		all = samplePeople
	}
	return slices.DeleteFunc(slices.Clone(all), func(choice string) bool {
		return !strings.Contains(choice, strings.TrimSpace(text))
	})
}

// pickers are a picker of a house, whose text is what is sent, and one of a
// person, whose id is sent beside the text, in their states.
func pickers() []Picker {
	house := func(prefix, value, wrong string) []templates.Field {
		return []templates.Field{{
			Prefix: prefix, Name: "house", Label: "房屋", Value: value, Error: wrong, Wide: true, MaxLength: 250,
			Autocomplete: "off", Placeholder: "3栋2单元501", Help: "输入一部分，从列出的房屋里选；也可以写成 3-2-501。",
			Suggest: SuggestPath,
		}}
	}
	person := func(prefix, value, id, wrong string, offers ...templates.Action) []templates.Field {
		return []templates.Field{
			{
				Prefix: prefix, Name: "who", Label: "住户", Value: value, Error: wrong, Wide: true,
				MaxLength: 400, Autocomplete: "off", Placeholder: "姓名、手机后四位或房号", Suggest: SuggestPath,
				Picks: "person", Offers: offers,
			},
			{Kind: templates.Hidden, Name: "person", Value: id},
		}
	}
	return []Picker{
		{"房屋：未填", house("house-1-", "", "")},
		{"房屋：没有这一套", house("house-2-", "9-9-999", "“云栖花园”没有这套房屋，请核对或先添加房屋")},
		{"房屋：可能是几套", house("house-3-", "1-101", "“1-101”可能是 1栋1单元101、2栋1单元101，请写完整")},
		{"住户：未填", person("who-1-", "", "", "")},
		{"住户：已选定，地址里带编号", person("who-2-", samplePeople[0], "1907411200018432", "")},
		{"住户：可能是几位", person("who-3-", "李建华", "", "有 2 人符合，请选一位",
			templates.Action{Label: samplePeople[0] + "（云栖花园）", URL: path + "?person=1#picker"},
			templates.Action{Label: samplePeople[1] + "（云栖花园）", URL: path + "?person=2#picker"})},
		{"住户：没有找到", person("who-4-", "赵六", "", "没有找到这个人")},
	}
}

// uploads are an upload's states but the empty one.
func uploads() []templates.Field {
	wrong, again, off := sampleUpload("wrong-"), sampleUpload("again-"), sampleUpload("off-")
	wrong.Error, wrong.Value = "文件有 2.4 MB，最大 64 KB", "全部住户.csv"
	again.Value, again.Help = "11月名单.xlsx", ""
	off.Disabled = true
	return []templates.Field{wrong, again, off}
}

// jobs are a job's states. They do not ask for themselves again: nothing
// is behind them.
func jobs() []templates.Job {
	return []templates.Job{
		{
			ID: "job-1", Title: "校验操作日志", State: badge(templates.Info, "进行中"), Percent: 42, Known: true,
			Count: "21,000 / 50,000", Cancel: path,
		},
		{ID: "job-2", Title: "导入住户", State: badge(templates.Neutral, "等待中"), Cancel: path},
		{
			ID: "job-3", Title: "校验出入记录", State: badge(templates.Good, "已完成"), Over: true, Words: "已校验 50,000 条操作日志，完好。",
			Again:  path,
			Result: templates.Action{Label: "查看", URL: "/console/audit", Icon: "external-link", Primary: true},
		},
		{
			ID: "job-4", Title: "发送通知", State: badge(templates.Warn, "中断"), Over: true, Bad: true,
			Words: "服务器多次中断，可以再次执行", Again: path,
		},
	}
}

// ReviewPath is where the sample reviews are sent: /1/approve, /2/reject.
const ReviewPath = path + "/review"

// reviewVersion is what the sample reviews carry. The second shows an older one: while
// its reviewer looked, somebody else decided.
const reviewVersion = "3"

func sampleReview(n, csrf string) templates.Review {
	id := "review-" + n
	reason := templates.ReviewReason("会告诉申请人")
	reason.Prefix = id + "-"
	return templates.Review{
		ID: id, Title: "住户认证 " + n, State: badge(templates.Warn, "待审核"), CSRF: csrf,
		Who: []templates.Fact{
			{Label: "申请人", Value: "李*华"}, {Label: "手机", Value: "138****0032"},
			{Label: "房屋", Value: "云栖花园 3栋2单元501"}, {Label: "身份", Value: "租户"},
		},
		Evidence: []templates.ReviewEvidence{{Label: "身份证人像面", URL: path}, {Label: "租赁合同", URL: path}},
		Earlier: []templates.ReviewDecision{{
			State: badge(templates.Bad, "不通过"), Who: "周敏", When: "11月20日 14:05", Reason: "合同照片看不清。",
		}},
		Approve: ReviewPath + "/" + n + "/approve#" + id, Reject: ReviewPath + "/" + n + "/reject#" + id,
		Effect: "通过后，李*华可以用通行码出入云栖花园。", Reason: reason, Version: reviewVersion,
	}
}

// reviews are two that can be decided, and the states that they come back in.
func reviews(csrf string) []templates.Review {
	waiting, late, wrong := sampleReview("1", csrf), sampleReview("2", csrf), sampleReview("3", csrf)
	late.Title, late.Version = "住户认证（别人先审）", "2"
	wrong.Reason.Error = noReason
	return []templates.Review{
		waiting, late, wrong, approvedReview(sampleReview("4", csrf)),
		refusedReview(sampleReview("5", csrf), "合同已过期。"), lateReview(sampleReview("6", csrf)),
	}
}

const noReason = "请写明不通过的原因"

// You decided: the panel says so, and what was written is among the decisions.
func approvedReview(r templates.Review) templates.Review {
	r.State, r.Decided = badge(templates.Good, "已通过"), "您已通过这个申请，李*华现在可以用通行码出入云栖花园。"
	r.Earlier = append([]templates.ReviewDecision{{State: r.State, Who: "您", When: "刚刚"}}, r.Earlier...)
	return r
}

func refusedReview(r templates.Review, reason string) templates.Review {
	r.State, r.Decided = badge(templates.Bad, "不通过"), "您已审核不通过，原因会告诉申请人。"
	r.Earlier = append([]templates.ReviewDecision{{State: r.State, Who: "您", When: "刚刚", Reason: reason}}, r.Earlier...)
	return r
}

func lateReview(r templates.Review) templates.Review {
	r.State, r.Late, r.Decided = badge(templates.Good, "已通过"), true, "王强已在 11月22日 12:03 通过了这个申请，您的操作没有生效。"
	r.Earlier = append([]templates.ReviewDecision{{State: r.State, Who: "王强", When: "11月22日 12:03"}}, r.Earlier...)
	return r
}

// Decision is what a reviewer sent of a sample review.
type Decision struct {
	Review  string // its number
	Approve bool
	Reason  string
	Version string
}

// Decide puts the next state of a sample review into the page, as a real one would come
// back: decided, wrong (no reason to refuse), or late, somebody else having decided
// first. It gives the status of the answer; 404 for a review that the page has not.
func (p *Page) Decide(d Decision) int {
	i := slices.IndexFunc(p.Reviews, func(r templates.Review) bool { return r.ID == "review-"+d.Review })
	if i < 0 {
		return http.StatusNotFound
	}
	r := &p.Reviews[i]
	switch {
	case r.Decided != "" || d.Version != reviewVersion:
		if r.Decided == "" {
			*r = lateReview(*r)
		}
		return http.StatusConflict
	case d.Approve:
		*r = approvedReview(*r)
	case strings.TrimSpace(d.Reason) == "":
		r.Reason.Error = noReason
		return http.StatusUnprocessableEntity
	default:
		*r = refusedReview(*r, d.Reason)
	}
	return http.StatusOK
}
