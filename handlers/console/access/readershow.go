package access

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

// readerInstallTab is the tab 接入信息: what the installer enters in the device.
const readerInstallTab = "install"

func readerInstallURL(id core.ID) string { return frame.TabURL(frame.ReaderURL(id), readerInstallTab) }

// readerShowPage is one reader: whether it is there, whom it lets through, its latest passages, and how
// it is connected.
type readerShowPage struct {
	templates.Shell
	Detail    templates.Detail
	Opens     []templates.Fact // whom it lets through
	Device    []templates.Fact
	Passages  *frame.PassagePart // nil: no permission
	Calls     readerCallsPart    // of the tab 最近请求 alone
	SecretURL string             // shows the complete URL; "" = shown already, or no permission
	Settings  []templates.Fact
	Insecure  string
	Steps     []string
	Checks    []templates.Fact // what the program has seen of it; of the tab 接入信息 alone
	Trial     []string
}

func (p *Pages) readerShow(c *web.Context) error {
	tab, err := frame.DetailTab(c, frame.PassagesTab, readerCallsTab, readerInstallTab)
	if err != nil {
		return err
	}
	return p.readerPage(c, tab, "")
}

// readerSecret shows the page with the device's complete URL. Viewing it is audited.
func (p *Pages) readerSecret(c *web.Context) error {
	id, err := c.ParamID("id")
	if err != nil {
		return err
	}
	secret, err := p.Store.RevealReaderSecret(c.Ctx(), c.Actor(), c.Scope(), id)
	if err != nil {
		return err
	}
	return p.readerPage(c, readerInstallTab, secret)
}

func (p *Pages) readerPage(c *web.Context, tab, secret string) error {
	r, err := p.reader(c)
	if err != nil {
		return err
	}
	community, err := p.Store.Community(c.Ctx(), c.Scope(), r.Community)
	if err != nil {
		return err
	}
	nodes, err := p.readerScope(c, r)
	if err != nil {
		return err
	}
	page := readerShowOf(r, nodes, c.Now())
	page.Shell = p.Shell(c, "reader", r.Name)
	page.Crumbs = readerCrumbs()
	page.Detail = readerDetail(r, community, c.Now().In(p.Store.Zone()))
	if page.Passages, err = p.Passages(c, core.RecordFilter{Community: r.Community, Reader: r.ID}, tab); err != nil {
		return err
	}
	if err := p.doorToday(c, core.RecordFilter{Community: r.Community, Reader: r.ID}, &page.Detail); err != nil {
		return err
	}
	if tab == readerCallsTab {
		page.Calls = p.readerCalls(c, r)
	}
	page.connect(r, p.readerBase(), secret)
	if tab == readerInstallTab {
		if page.Checks, err = p.readerChecks(c, r); err != nil {
			return err
		}
	}
	page.Detail.Menu = templates.RowMenu{Label: r.Name + " 的操作", CSRF: page.CSRF}
	if c.Has(core.PermReaderOpen) {
		page.Detail.Menu.Acts = append(page.Detail.Menu.Acts, p.openAct(c, r))
	}
	if c.Has(core.PermReaderEdit) {
		readerActs(r, &page.Detail)
		if secret == "" {
			page.SecretURL = frame.ReaderURL(r.ID) + "/secret"
		}
	}
	if page.Detail.Timeline, err = p.Timeline(c, "reader:"+r.ID.String()); err != nil {
		return err
	}
	tabs := []string{"", "概况"}
	if page.Passages != nil {
		tabs = append(tabs, frame.PassagesTab, "出入记录")
	}
	page.Detail.NewTabs(tab, append(tabs, readerCallsTab, "最近请求", readerInstallTab, "接入信息")...)
	return p.Page(c, http.StatusOK, "console/reader/show", page)
}

// doorToday adds today's releases and refusals of a reader or a post to the key facts, if the account
// may see records.
func (p *Pages) doorToday(c *web.Context, f core.RecordFilter, d *templates.Detail) error {
	if !c.Has(core.PermAccessRecordView) {
		return nil
	}
	totals, err := p.Store.RecordTotals(c.Ctx(), c.Scope(), f, p.Today(c))
	if err != nil {
		return err
	}
	d.Facts = append(d.Facts, templates.Fact{
		Label: "今日", Value: fmt.Sprintf("放行 %s，拒绝 %s",
			frame.Grouped(totals.In+totals.Out), frame.Grouped(totals.Refused)),
	})
	return nil
}

// readerDetail returns the head of the page.
func readerDetail(r core.Reader, community core.Community, now time.Time) templates.Detail {
	seen := templates.Fact{Label: "最近在线", Value: "从未"}
	if !r.LastSeen.IsZero() {
		seen.Value = r.LastSeen.In(now.Location()).Format("2006-01-02 15:04")
	}
	return templates.Detail{
		Path: frame.ReaderURL(r.ID), Badges: []templates.Badge{readerBadge(r, now)},
		Facts: []templates.Fact{
			{Label: "小区", Value: community.Name},
			{Label: "所在的门", Value: r.Gate + "，" + r.Direction.Label()},
			seen,
			{Label: "接受二维码", Badge: frame.OnOff(r.QRAllowed, "开", "关")},
		},
	}
}

// readerShowOf returns what is known of a reader: whom it lets through, and the device.
func readerShowOf(r core.Reader, nodes []string, now time.Time) readerShowPage {
	scope := "全小区"
	if len(nodes) > 0 {
		scope = strings.Join(nodes, "、")
	}
	var kinds []string
	for _, k := range r.Kinds {
		kinds = append(kinds, k.Label())
	}
	page := readerShowPage{
		Opens: []templates.Fact{
			{Label: "服务范围", Value: scope}, {Label: "接受的通行证", Value: strings.Join(kinds, "、")},
			{Label: "接受二维码", Badge: frame.OnOff(r.QRAllowed, "开", "关")},
			{Label: "测温", Badge: frame.OnOff(r.Thermometer, "有", "无")},
		},
		Device: []templates.Fact{
			{Label: "协议", Value: core.ProtocolLabel(r.Protocol)}, {Label: "固件版本", Value: r.Firmware},
			{Label: "设备号", Value: r.Serial, Code: true},
			{Label: "心跳间隔", Value: fmt.Sprintf("%d 秒", r.HeartbeatSeconds)},
		},
		Steps: readerSteps(r), Trial: readerTrial(r),
	}
	if r.InNo != 0 {
		page.Device = append(page.Device, templates.Fact{Label: "进门读头号", Value: strconv.Itoa(r.InNo)})
	}
	if p, _ := core.ReaderProtocolOf(r.Protocol); p.TellsItsClock && !r.LastSeen.IsZero() {
		clock := templates.Badge{Tone: templates.Good, Text: "与服务器一致"}
		if r.Skew.Abs() > core.SkewWarning {
			clock = templates.Badge{Tone: templates.Warn, Text: core.SkewWords(r.Skew)}
		}
		page.Device = append(page.Device, templates.Fact{Label: "设备时钟", Badge: clock})
	}
	return page
}

// readerActs sets the button and the menu of an installed reader.
func readerActs(r core.Reader, d *templates.Detail) {
	at := frame.ReaderURL(r.ID)
	d.Actions = []templates.Action{{Label: "修改", URL: at + "/edit", Icon: "pencil", Primary: true}}
	d.Menu.Acts = append(d.Menu.Acts, templates.Submit{Label: "更换密钥", URL: at + "/rotate", Icon: "key", Ask: true})
	if r.Disabled.IsZero() {
		d.Menu.Acts = append(d.Menu.Acts, templates.Submit{Label: "停用", URL: at + "/disable", Icon: "ban", Ask: true})
		return
	}
	d.Menu.Acts = append(d.Menu.Acts, templates.Submit{Label: "启用", URL: at + "/enable", Icon: "check"})
}

// connect adds what the installer enters in the device; without a secret its URL is incomplete.
func (page *readerShowPage) connect(r core.Reader, base doorBase, secret string) {
	page.Settings, page.Insecure = readerSettings(r, base, secret), readerInsecure(r, base)
}
