package templates

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Samples of saved views, uploads, jobs and reviews for the components page.

const componentsPath = "/console/dev/components"

func componentsViews(query url.Values) SavedViews {
	state := query.Get("state")
	return SavedViews{
		Stem: "reader", Save: "/console/savedview", Manage: "/console/savedview?stem=reader",
		Query: query.Encode(), Views: []NavItem{
			{Label: "离线的门", URL: componentsPath + "?state=off", Active: state == "off"},
			{Label: "今日最忙", URL: componentsPath + "?sort=-today"}},
	}
}

// ComponentsUpload is where the sample upload is posted, and MaxComponentsUpload its maximum file
// size in bytes.
const (
	ComponentsUpload    = componentsPath + "/upload"
	MaxComponentsUpload = 64 << 10
)

func sampleUpload(prefix string) Field {
	return Field{
		Kind: Upload, Prefix: prefix, Name: "list", Label: "名单", Accept: []string{".txt", ".csv", ".xlsx"},
		Most: MaxComponentsUpload, Help: "第一列写房屋，一行一套。",
	}
}

func componentsUpload(csrf string) Form {
	field := sampleUpload("")
	field.Required = true
	return Form{Action: ComponentsUpload + "#upload", CSRF: csrf, Submit: "读取名单", Sections: []Section{{Fields: []Field{field}}}}
}

// ComponentsPick is where the sample tree's form is posted.
const ComponentsPick = componentsPath + "/pick"

// Picked shows the sample tree's form after one of its buttons was pressed.
func (p *ComponentsPage) Picked(act string) { p.Pick = componentsPick(act) }

// componentsPick returns a tree in a form: an open building with one ticked unit, and one that is
// too large to tick as a whole. act is the last button pressed.
func componentsPick(act string) Tree {
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
	const address = ComponentsPick + "#sample-pick"
	node := func(id, label string, ticked, houses int) TreeNode {
		n := TreeNode{
			Label: label, URL: address, Act: "open-" + id, Note: fmt.Sprintf("已选 %d / %d 套", ticked, houses),
			Current: id == chosen, Leaf: true,
			Pick: &TreePick{Act: "all-" + id, Label: "全选", Words: "全选 " + label + " 的房屋"},
		}
		if ticked == houses {
			n.Pick = &TreePick{Act: "none-" + id, Label: "全不选", Words: "全不选 " + label + " 的房屋"}
		}
		return n
	}
	one := node("1", "1栋", ticked["2"]+ticked["3"], 120)
	one.Leaf, one.Children = false, []TreeNode{node("2", "1单元", ticked["2"], 60), node("3", "2单元", ticked["3"], 60)}
	return Tree{
		ID: "sample-pick", Label: "选择楼栋",
		Nodes: []TreeNode{one, {Label: "2栋", URL: address, Act: "open-4", Note: "900 套", Current: chosen == "4", Leaf: true}},
	}
}

// ComponentsSuggest returns SampleSuggestions to the sample pickers while typing.
const ComponentsSuggest = componentsPath + "/suggest"

// ComponentsPicker is a picker in one state: the fields of a form of its own.
type ComponentsPicker struct {
	State  string
	Fields []Field
}

var (
	sampleHouses = []string{"1栋1单元101", "1栋1单元102", "2栋1单元101", "3栋2单元501"}
	samplePeople = []string{"李建华 · 138****0032 · 3栋2单元501", "李建华 · 139****4410 · 1栋1单元102", "王秀兰 · 137****8821 · 2栋1单元101"}
)

// SampleSuggestions returns the sample choices that contain text: houses, or people.
func SampleSuggestions(people bool, text string) []string {
	all := sampleHouses
	if people {
		all = samplePeople
	}
	return slices.DeleteFunc(slices.Clone(all), func(choice string) bool { return !strings.Contains(choice, strings.TrimSpace(text)) })
}

// componentsPickers returns the states of a house picker, which sends its text, and of a person
// picker, which sends an id beside the text.
func componentsPickers() []ComponentsPicker {
	house := func(prefix, value, wrong string) []Field {
		return []Field{{
			Prefix: prefix, Name: "house", Label: "房屋", Value: value, Error: wrong, Wide: true, MaxLength: 250,
			Autocomplete: "off", Placeholder: "3栋2单元501", Help: "输入一部分，从列出的房屋里选；也可以写成 3-2-501。",
			Suggest: ComponentsSuggest,
		}}
	}
	person := func(prefix, value, id, wrong string, offers ...Action) []Field {
		return []Field{
			{
				Prefix: prefix, Name: "who", Label: "住户", Value: value, Error: wrong, Wide: true,
				MaxLength: 400, Autocomplete: "off", Placeholder: "姓名、手机后四位或房号", Suggest: ComponentsSuggest,
				Picks: "person", Offers: offers,
			},
			{Kind: Hidden, Name: "person", Value: id},
		}
	}
	return []ComponentsPicker{
		{"房屋：未填", house("house-1-", "", "")},
		{"房屋：没有这一套", house("house-2-", "9-9-999", "“云栖花园”没有这套房屋，请核对或先添加房屋")},
		{"房屋：可能是几套", house("house-3-", "1-101", "“1-101”可能是 1栋1单元101、2栋1单元101，请写完整")},
		{"住户：未填", person("who-1-", "", "", "")},
		{"住户：已选定，地址里带编号", person("who-2-", samplePeople[0], "1907411200018432", "")},
		{"住户：可能是几位", person("who-3-", "李建华", "", "有 2 位住户符合，请选一位",
			Action{Label: samplePeople[0] + "（云栖花园）", URL: componentsPath + "?person=1#picker"},
			Action{Label: samplePeople[1] + "（云栖花园）", URL: componentsPath + "?person=2#picker"})},
		{"住户：没有找到", person("who-4-", "赵六", "", "没有找到这位住户")},
	}
}

// componentsUploads returns an upload's states except the empty one.
func componentsUploads() []Field {
	wrong, again, off := sampleUpload("wrong-"), sampleUpload("again-"), sampleUpload("off-")
	wrong.Error, wrong.Value = "文件有 2.4 MB，最大 64 KB", "全部住户.csv"
	again.Value, again.Help = "11月名单.xlsx", ""
	off.Disabled = true
	return []Field{wrong, again, off}
}

// componentsJobs returns a job's states. They do not poll, since no job runs.
func componentsJobs() []Job {
	return []Job{
		{
			ID: "job-1", Title: "校验操作日志", State: Badge{Info, "进行中"}, Percent: 42, Known: true,
			Count: "21,000 / 50,000", Cancel: componentsPath,
		},
		{ID: "job-2", Title: "校验操作日志", State: Badge{Neutral, "等待中"}, Cancel: componentsPath},
		{
			ID: "job-3", Title: "校验操作日志", State: Badge{Good, "已完成"}, Over: true, Words: "已校验 50,000 条操作日志，完好。",
			Again:  componentsPath,
			Result: Action{Label: "查看", URL: "/console/audit", Icon: "external-link", Primary: true},
		},
		{ID: "job-4", Title: "校验操作日志", State: Badge{Warn, "中断"}, Over: true, Bad: true, Words: "服务器多次中断，可以再次执行", Again: componentsPath},
	}
}

// ComponentsReview is where the sample reviews are posted: /1/approve, /2/reject.
const ComponentsReview = componentsPath + "/review"

// reviewVersion is the version of the sample reviews. The second shows an older one: somebody else
// decided while it was open.
const reviewVersion = "3"

func sampleReview(n, csrf string) Review {
	id := "review-" + n
	reason := ReviewReason()
	reason.Prefix = id + "-"
	return Review{
		ID: id, Title: "住户认证", State: Badge{Warn, "待审核"}, CSRF: csrf,
		Who: []Fact{
			{Label: "申请人", Value: "李*华"}, {Label: "手机", Value: "138****0032"},
			{Label: "房屋", Value: "云栖花园 3栋2单元501"}, {Label: "身份", Value: "租户"},
		},
		Evidence: []ReviewEvidence{{Label: "身份证人像面", URL: componentsPath}, {Label: "租赁合同", URL: componentsPath}},
		Earlier:  []ReviewDecision{{State: Badge{Bad, "已驳回"}, Who: "周敏", When: "11月20日 14:05", Reason: "合同照片看不清。"}},
		Approve:  ComponentsReview + "/" + n + "/approve#" + id, Reject: ComponentsReview + "/" + n + "/reject#" + id,
		Effect: "通过后，李*华可以用通行码出入云栖花园。", Reason: reason, Version: reviewVersion,
	}
}

// componentsReviews returns two open reviews, and the states after a decision.
func componentsReviews(csrf string) []Review {
	waiting, late, wrong := sampleReview("1", csrf), sampleReview("2", csrf), sampleReview("3", csrf)
	late.Title, late.Version = "住户认证（别人先审）", "2"
	wrong.Reason.Error = noReason
	return []Review{
		waiting, late, wrong, approvedReview(sampleReview("4", csrf)),
		refusedReview(sampleReview("5", csrf), "合同已过期。"), lateReview(sampleReview("6", csrf)),
	}
}

const noReason = "请写明驳回的原因"

// After a decision of one's own: the panel says so, and the reason is among the decisions.
func approvedReview(r Review) Review {
	r.State, r.Decided = Badge{Good, "已通过"}, "您已通过这个申请，李*华现在可以用通行码出入云栖花园。"
	r.Earlier = append([]ReviewDecision{{State: r.State, Who: "您", When: "刚刚"}}, r.Earlier...)
	return r
}

func refusedReview(r Review, reason string) Review {
	r.State, r.Decided = Badge{Bad, "已驳回"}, "您已驳回这个申请，原因会告诉申请人。"
	r.Earlier = append([]ReviewDecision{{State: r.State, Who: "您", When: "刚刚", Reason: reason}}, r.Earlier...)
	return r
}

func lateReview(r Review) Review {
	r.State, r.Late, r.Decided = Badge{Good, "已通过"}, true, "王强已在 11月22日 12:03 通过了这个申请，您的操作没有生效。"
	r.Earlier = append([]ReviewDecision{{State: r.State, Who: "王强", When: "11月22日 12:03"}}, r.Earlier...)
	return r
}

// SampleDecision is a reviewer's decision on a sample review.
type SampleDecision struct {
	Review  string // the review's number
	Approve bool
	Reason  string
	Version string
}

// Decide puts the next state of a sample review into the page, like a real response: decided,
// invalid (a rejection without a reason), or late, because somebody else decided first. It returns
// the HTTP status; 404 for an unknown review.
func (p *ComponentsPage) Decide(d SampleDecision) int {
	i := slices.IndexFunc(p.Reviews, func(r Review) bool { return r.ID == "review-"+d.Review })
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
