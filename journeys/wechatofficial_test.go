package journeys

import (
	"testing"

	"tongxing/testkit/browser"
)

// demoOfficial is the demo's official account, which everybody of its cast follows.
const demoOfficial = "wxdemo000official"

// The office sets up what its official account shows and says: a menu is changed and published, and its button
// answers on a follower's phone; a kind of message gets a template, and the office tries it on itself; who is reached
// by nothing stands in 未触达.
func TestOfficialAccountReachesPhones(t *testing.T) {
	t.Parallel()
	address := showDemo(t)
	desk, phone := openConsole(t, address, browser.Desktop), newTab(t, browser.Phone)
	app := "?app=" + demoOfficial

	desk.open(address + "/console/wechatmenu/edit" + app + "&at=2")
	desk.chooses("#f-kind", "click")
	desk.await("what it answers", `document.querySelector("#f-reply") && document.readyState === "complete"`)
	desk.sets("#f-name", "物业电话")
	desk.sets("#f-reply", "24 小时热线 0755-26660000")
	desk.click(".tx-form-foot .btn-primary")
	desk.says("已保存到草稿")
	desk.picture("wechatmenu-draft")
	desk.click(`form[action*="/wechatmenu/publish"] button`)
	desk.await("the question", `document.querySelector("dialog[open]")?.innerText.includes("共 3 个菜单项")`)
	desk.picture("wechatmenu-question")
	desk.click("dialog[open] .btn-primary")
	desk.says("已发布")
	desk.picture("wechatmenu-published")

	phone.open(on(t, address, inspector, "/sim/phone/"+inspector+"?tab=chat"))
	phone.await("the menu", `document.querySelector("nav.menu").innerText.includes("物业电话")`)
	phone.click("nav.menu form button")
	phone.await("the answer", `document.querySelector(".chat").innerText.includes("0755-26660000")`)
	phone.picture("wechatmenu-phone")

	desk.open(address + "/console/me/wechat/new")
	bindsOwnWechat(t, address, desk, phone)
	desk.open(address + "/console/wechattemplate/edit" + app + "&kind=sign_in")
	desk.run(`const choose = document.querySelector("#f-template"); choose.selectedIndex = 1;
		choose.dispatchEvent(new Event("change", {bubbles: true}))`)
	desk.await("its fields, with a preview", `document.querySelector("[name^=part_]") && document.body.innerText.includes("预览")`)
	desk.picture("wechattemplate-form")
	desk.click(".tx-form-foot .btn-primary")
	desk.says("已保存“新地点登录”的模板")
	desk.click(`button[formaction*="/wechattemplate/test"][formaction*="sign_in"]`)
	desk.says("已发到您的微信")
	desk.picture("wechattemplate-list")
	phone.open(on(t, address, inspector, "/sim/phone/"+inspector+"?tab=chat"))
	phone.await("the message", `[...document.querySelectorAll(".chat .card")].some(c => c.innerText.includes("新的地点登录"))`)
	phone.picture("wechattemplate-phone")

	// The applicant follows no account, and has agreed to no message of the mini-program.
	desk.open(address + "/console/certification?state=waiting")
	desk.run(`[...document.querySelectorAll("tbody tr")].find(r => r.innerText.includes("吴")).querySelector("a").click()`)
	desk.click(`[data-decide="approve"]`)
	desk.await("the decision", `document.body.innerText.includes("已通过") || document.querySelector(".tx-flash")`)
	desk.eventually("who was not reached", `location.pathname === "/console/message/unreached"
		? document.querySelector("tbody")?.innerText.includes("认证结果") || (location.reload(), false)
		: (location.assign("/console/message/unreached"), false)`)
	desk.picture("message-unreached")
	desk.click(`tbody input[type="checkbox"]`)
	desk.click(`#bulk button[formaction*="/unreached/call"]`)
	desk.await("the question", `document.querySelector("dialog[open] input[name=note]")`)
	desk.run(`document.querySelector("dialog[open] input[name=note]").value = "已转告家属"`)
	desk.click(`dialog[open] .tx-form-foot button:not([disabled])`)
	desk.await("that somebody has called", `document.querySelector(".tx-flash")?.innerText.includes("已标记 1 人")`)
	desk.open(address + "/console/message/unreached?state=called")
	desk.await("who was called", `document.querySelector("tbody")?.innerText.includes("已转告家属")`)
	desk.picture("message-called")
}
