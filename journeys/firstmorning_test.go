package journeys

import (
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"tongxing/core"
	"tongxing/gate/simulator"
	"tongxing/testkit"
	"tongxing/testkit/browser"
)

// counted is a desk at which each press is counted: a click, a field filled in, a choice made.
type counted struct {
	*tab
	presses int
	most    map[string]int // by job
	jobs    []string
}

func (c *counted) click(selector string) {
	c.t.Helper()
	c.tab.click(selector)
	c.presses++
}

func (c *counted) types(selector, text string) {
	c.t.Helper()
	c.tab.types(selector, text)
	c.presses++
}

func (c *counted) chooses(selector, value string) {
	c.t.Helper()
	c.tab.chooses(selector, value)
	c.presses++
}

// job does something and checks that it took at most as many presses as docs/performance.md says.
func (c *counted) job(name string, do func()) {
	c.t.Helper()
	before := c.presses
	do()
	n := c.presses - before
	if most, ok := c.most[name]; !ok || n > most {
		c.t.Errorf("%s: %d presses; the document says %d, %t", name, n, most, ok)
	}
	c.jobs = append(c.jobs, fmt.Sprintf("%3d  %s", n, name))
}

var pressesRow = regexp.MustCompile(`(?m)^\| ([a-z0-9][^|]*) \| [^|]+ \| (\d+) \|`)

// pressesAllowed reads the table of the document: presses by job.
func pressesAllowed(t *testing.T) map[string]int {
	t.Helper()
	text, err := os.ReadFile("../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## Presses of a first morning")
	section, _, _ = strings.Cut(section, "\n## ")
	most := map[string]int{}
	for _, row := range pressesRow.FindAllStringSubmatch(section, -1) {
		most[row[1]], _ = strconv.Atoi(row[2])
	}
	if len(most) < 15 {
		t.Fatalf("%d jobs in the table", len(most))
	}
	return most
}

// saves presses the button of the form.
func (c *counted) saves() { c.t.Helper(); c.click(".tx-form-foot .btn-primary") }

// next follows the message of the last step to a form.
func (c *counted) next(path string) {
	c.t.Helper()
	c.click(".tx-flash-next")
	c.arrives(path)
}

// arrives waits for a page and its scripts.
func (c *counted) arrives(path string) {
	c.t.Helper()
	c.await(path, fmt.Sprintf("location.pathname === %q && document.readyState === 'complete'", path))
}

var firstLink = regexp.MustCompile(`(http://127\.0\.0\.1:\d+)(/console/setup\?token=\S+)`)

// emptyDemo runs the program as a newcomer does, and returns its address and the printed link.
func emptyDemo(t *testing.T) (address, link string) {
	t.Helper()
	testkit.Chromium(t)
	found, stop := runProgram(t, t.TempDir(), firstLink, "--demo", "--empty")
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return found[1], found[0]
}

// From an empty server to an open door by 开始使用 alone: its buttons and the forms they lead to, with the
// presses of each job counted.
func TestFirstMorning(t *testing.T) {
	t.Parallel()
	address, link := emptyDemo(t)
	c := &counted{tab: newTab(t, browser.Desktop), most: pressesAllowed(t)}
	c.open(link)
	c.job("first admin", func() {
		c.types("#f-login", "lin.yue")
		c.types("#f-name", "林悦")
		c.types("#f-password", "Green-Lantern-47")
		c.types("#f-again", "Green-Lantern-47")
		c.click(".tx-sign .btn-primary")
		c.arrives("/console")
	})
	c.await("the way to the phones", `document.querySelector('.tx-demo a').pathname === "/sim/"`)
	c.picture("first-home")
	firstRegister(c)
	c.job("a rule", func() {
		c.next("/console/passrule")
		c.chooses("#f-exits", "3")
		c.click("#f-reader_qr") // off in a new community: readers would send everybody to the guard
		c.saves()
		c.click("dialog .btn-primary")
		c.says("已保存")
	})
	reader := firstReader(t, c)
	c.await("the reader is online", reader.hears(t, core.DefaultHeartbeatText))
	firstPeople(t, c, address)
	pass := firstNotice(t, c)
	phone := firstPass(t, address, pass)
	code := decodeQR(t, phone.shot())
	if !reader.call(t, code) {
		t.Error("the door stays shut")
	}
	phone.await("the passage on the phone", inPhone+"(`.p-passed`)")
	c.open(address + "/console/guide")
	c.await("all steps but the residents of the other houses", `[...document.querySelectorAll(".tx-guide > li")].every(li => `+
		`li.matches(".tx-step-done") || li.innerText.includes("住户导入") && li.innerText.includes("已登记住户"))`)
	c.picture("first-done")
	laterJobs(c)
	t.Logf("presses of a first morning:\n%s", strings.Join(c.jobs, "\n"))
}

// firstRegister adds the community, its houses, a resident and the next.
func firstRegister(c *counted) {
	c.t.Helper()
	c.job("community", func() {
		c.click(`section[aria-labelledby="guide-title"] .btn-primary`)
		c.arrives("/console/community/new")
		c.types("#f-name", "青松里")
		c.types("#f-phone", "0755-88888888")
		c.saves()
		c.says("小区已添加")
	})
	c.job("864 houses", func() {
		c.next("/console/house/bulk")
		c.types("#f-above0", "1-6")
		c.types("#f-above1", "1-2")
		c.types("#f-floors", "1-18")
		c.types("#f-rooms", "1-4")
		c.saves()
		c.click(`form[data-form="once"] .btn-primary`)
		c.says("已生成 864 套房屋")
	})
	c.picture("first-houses")
	another := func() { c.click(`.tx-form-foot button[name="more"]`) }
	c.job("a resident", func() {
		c.next("/console/import/new")
		c.click(`main a[href^="/console/resident/new"]`)
		c.arrives("/console/resident/new")
		c.types("#f-house", "1栋1单元101")
		c.types("#f-name", "陈建国")
		c.types("#f-phone", "19900000001")
		another()
		c.says("已添加“陈建国”")
	})
	c.job("the next resident of the house", func() {
		c.types("#f-name", "王秀兰")
		c.types("#f-phone", "19900000002")
		another()
		c.says("已添加“王秀兰”")
	})
	c.job("the next resident of another house", func() {
		c.run(`document.querySelector("#f-house").select()`) // as Shift Tab does
		c.types("#f-house", "1栋1单元102")
		c.types("#f-name", "赵敏")
		c.types("#f-phone", "19900000003")
		c.saves()
		c.says("住户已添加")
	})
}

// device is a reader as its installer sets it up.
type device struct{ simulator.Device }

// call shows a text to the device and reports whether the door opens.
func (d device) call(t *testing.T, text string) bool {
	t.Helper()
	answer, err := d.Show(t.Context(), text)
	if err != nil || answer.Text == "" {
		t.Fatalf("the reader is not answered: %v", err)
	}
	return answer.Opened
}

// hears sends a heartbeat and returns what is then true of any page.
func (d device) hears(t *testing.T, text string) string {
	t.Helper()
	if d.call(t, text) {
		t.Error("a heartbeat opens the door")
	}
	return "true"
}

// firstReader adds a reader and reads what its installer types into it.
func firstReader(t *testing.T, c *counted) device {
	t.Helper()
	c.job("a reader", func() {
		c.next("/console/reader/new")
		c.types("#f-name", "南门出口读头")
		c.types("#f-gate", "南门")
		c.types("#f-serial", "VG0001")
		c.saves()
		c.says("读头已添加")
	})
	at, err := chromedp.Run(c.ctx, chromedp.Evaluate[string]("location.href"))
	if err != nil {
		t.Fatal(err)
	}
	b := &tab{t: t, ctx: c.another()} // the message in the first tab leads on
	b.open(at)
	b.click(`form[action*="/secret"] .btn`)
	b.await("its address", `document.querySelector("#install").innerText.includes("/door/") && `+
		`!document.querySelector("#install").innerText.includes("••")`)
	address, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](
		`document.querySelector("#install").innerText.match(/http:\/\/\S+\/door\/\S+/)[0]`))
	if err != nil {
		t.Fatal(err)
	}
	return device{simulator.Device{Family: core.ProtocolVguang, Address: address, Serial: "VG0001", Out: true}}
}

// firstPeople adds a post with a guard, who binds a WeChat, an observer and an account.
func firstPeople(t *testing.T, c *counted, address string) {
	t.Helper()
	c.job("a post", func() {
		c.next("/console/guardpost/new")
		c.types("#f-name", "南门岗")
		c.saves()
		c.says("门岗已添加")
	})
	c.job("a guard, until the code is shown", func() {
		c.next("/console/guardpost/guard/new")
		c.types("#f-name", "李卫东")
		c.types("#f-phone", "19900000004")
		c.click("input[name=posts]")
		c.saves()
		c.says("门岗人员已添加")
		c.click(`button[formaction$="/qr"], form[action$="/qr"] button`)
		c.await("the code", `document.querySelector(".tx-login-code")`)
	})
	c.picture("first-guard-code")
	binds(t, c, on(t, address, "li-weidong", "/sim/phone/li-weidong"))
	c.says("已绑定微信")
	c.job("an account", func() {
		c.next("/console/account/new")
		c.types("#f-login", "he.yawen")
		c.types("#f-name", "何雅文")
		c.types("#f-password", "Blue-Harbour-52")
		c.chooses("#f-role", "clerk")
		c.click("input[name=communities]")
		c.saves()
		c.says("账号已添加")
	})
	c.job("an observer", func() {
		c.next("/console/observer/new")
		c.types("#f-name", "周敏")
		c.types("#f-capacity", "街道网格员")
		c.types("#f-phone", "19900000005")
		c.saves()
		c.says("观察员已添加")
	})
}

// binds lets a persona verify their phone, scan the code at the desk and pick its digits.
func binds(t *testing.T, c *counted, self string) {
	t.Helper()
	scene, digits := c.text("main code"), c.text(".tx-login-code")
	phone := newTab(t, browser.Phone)
	phone.verifies(self)
	phone.open(self + "?tab=scan")
	phone.types(`.scan input[name="text"]`, scene)
	phone.click(".scan button")
	phone.click(".chat .said a.tap")
	phone.click(`button[value="` + digits + `"]`)
	phone.await("bound", inPhone+"(`.tx-empty-title`).innerText.includes('已绑定')")
}

// verifies opens the mini-program, and answers whose phone it is.
func (b *tab) verifies(self string) {
	b.t.Helper()
	b.open(self + "?tab=mini&view=" + url.QueryEscape("launch?app="+demoMini))
	b.await(
		"the question whose phone it is",
		"(() => { const yes = "+inPhone+"(`.tx-confirm .tx-form-foot button`); yes?.click(); return Boolean(yes) })()",
	)
	b.await("the answer", "!"+inPhone+"(`.tx-confirm button`)")
}

// firstNotice opens the notice, and returns the address that its code has.
func firstNotice(t *testing.T, c *counted) string {
	t.Helper()
	c.job("the notice", func() {
		c.next("/console/guide/notice")
		c.await("its code", `document.querySelector(".tx-notice-code img")?.complete`)
	})
	c.picture("first-notice")
	return decodeQR(t, c.shot())
}

// firstPass is a resident with the notice: scans, verifies the phone, and has the code on the screen.
func firstPass(t *testing.T, address, notice string) *tab {
	t.Helper()
	if !strings.Contains(notice, demoMini) {
		t.Errorf("the notice's code has %q, not the mini-program", notice)
	}
	const resident = "chen-jianguo"
	self := on(t, address, resident, "/sim/phone/"+resident)
	phone := newTab(t, browser.Phone)
	phone.open(self + "?tab=mini&view=" + url.QueryEscape("launch?app="+demoMini))
	phone.await(
		"the question whose phone it is",
		"(() => { const yes = "+inPhone+"(`.tx-confirm button:not([disabled])`); yes?.click(); return Boolean(yes) })()",
	)
	phone.await("the pass", inPhone+"(`[data-qr] img`)?.complete")
	phone.open(on(t, address, resident, "/h5/pass"))
	phone.await("the code", `document.querySelector("[data-qr] img")?.complete`)
	phone.picture("first-pass")
	return phone
}

// laterJobs counts the presses of what an office does on any day.
func laterJobs(c *counted) {
	c.t.Helper()
	c.job("restrict a building of 144 houses", func() {
		c.click(`summary[aria-label="快速办理"]`)
		c.click(`.tx-menu-item[href*="/console/restriction/new"]`)
		c.arrives("/console/restriction/new")
		c.click("#restriction-tree > ul > li:nth-child(3) .btn")
		c.await("its houses", settled+` && document.querySelectorAll("input[name=houses]:checked").length === 144`)
		c.types("#f-reason", "电梯停用")
		c.chooses("#f-exits", "-1")
		c.click(`#restriction-foot .btn-primary`)
		c.types("dialog [name=typed]", "144")
		c.click("dialog .btn-danger")
		c.says("已限制 144 套房屋的出入")
	})
	c.job("and take it back", func() {
		c.click(".tx-flash-undo button")
		c.click("dialog .tx-form-foot button")
		c.says("已撤销")
	})
	c.job("find a person by given name", func() {
		c.await("the box", `document.readyState === "complete" && document.querySelector(".tx-find input[role=combobox]")`)
		c.keys("/")
		c.await("the box", inBox)
		c.keys("建国" + kb.ArrowDown) // in one go: what was opened last is not what was asked for
		c.await("the person", chosen+`.innerText.includes("陈建国")`)
		c.keys(kb.Enter)
		c.presses += 3 // the key, the name, the choice
		c.says("陈建国")
	})
	c.job("export the residents", func() {
		c.click(`nav a[href="/console/resident"]`)
		c.arrives("/console/resident")
		c.click(".tx-export summary")
		c.presses++ // the link, which downloads
		if got := c.download("/console/resident/export.xlsx"); !strings.HasPrefix(got, "200 ") {
			c.t.Errorf("the export is %s", got)
		}
	})
}

// The data of an empty demo is refused by what else can be started on it, and the words say what to do.
func TestAnEmptyDemoIsRefusedElsewhere(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	_, stop := runProgram(t, data, firstLink, "--demo", "--empty")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "演示数据"}, {[]string{"--demo"}, "请加上 --empty"},
	} {
		if code, said := runRefused(t, data, c.args...); code != 1 || !strings.Contains(said, c.want) {
			t.Errorf("%v ends with %d: %s", c.args, code, said)
		}
	}
	if code, said := runRefused(t, seededCopy(t), "--demo", "--empty"); code != 1 || !strings.Contains(said, "请去掉 --empty") {
		t.Errorf("on a filled demo it ends with %d: %s", code, said)
	}
	if code, said := runRefused(t, data, "--empty"); code != 2 || !strings.Contains(said, "--demo [--empty]") {
		t.Errorf("without --demo it ends with %d: %s", code, said)
	}
}

// runRefused runs the program, which must end by itself, and returns how.
func runRefused(t *testing.T, data string, args ...string) (code int, said string) {
	t.Helper()
	p := program(t, data, args...)
	select {
	case <-p.Ended():
	case <-time.After(time.Minute):
		t.Fatal("it does not end")
	}
	return p.Code(), p.Log()
}
