package journeys

import (
	"strings"
	"testing"

	"tongxing/testkit/browser"
)

// A community's own official account is connected: its keys typed in and checked, the message server's address and
// keys copied to the platform, which calls at once, a follower's text answered; with a wrong secret the page says
// what to do.
func TestOfficialAccountIsConnected(t *testing.T) {
	for name, size := range map[string]browser.Size{"desk": browser.Desktop, "phone": browser.Phone} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			address := startDemo(t)
			b := openConsole(t, address, size)
			b.await("the list", `location.assign("/console/wechatapp") || true`)
			b.await("what the configuration has", `location.pathname === "/console/wechatapp" && document.readyState === "complete" &&
				document.body.innerText.includes("配置文件的公众号")`)
			b.picture("wechatapp-list-" + name)
			b.await("the form", `location.assign("/console/wechatapp/new?kind=official") || true`)
			b.types("#f-name", "滨河苑物业")
			b.types("#f-app_id", spareOfficial)
			b.types("#f-app_secret", "ffffffffffffffffffffffffffffffff")
			b.run(`sessionStorage.token = document.querySelector("#f-token").value;
				sessionStorage.aesKey = document.querySelector("#f-aes_key").value`)
			b.picture("wechatapp-form-" + name)
			b.click(`input[name="communities"]`)
			b.click(".tx-form-foot .btn-primary")
			b.await("what is wrong with the secret", `/wechatapp.[0-9]+$/.test(location.pathname) &&
				document.body.innerText.includes("AppSecret 不正确")`)
			b.picture("wechatapp-wrong-" + name)

			b.await("the edit", `location.assign(location.pathname + "/edit") || true`)
			b.types("#f-app_secret", spareSecret)
			b.click(".tx-form-foot .btn-primary")
			b.await("checked", `document.body.innerText.includes("微信已应答") && document.body.innerText.includes("未收到消息") &&
				document.querySelector("[data-copy*='/callback/oa/']")`)
			b.run(`sessionStorage.server = document.querySelector("[data-copy*='/callback/oa/']").dataset.copy;
				sessionStorage.page = location.href`)

			// The platform calls before it accepts the address.
			b.await("the platform", `location.assign("/sim/platform/`+spareOfficial+`") || true`)
			b.await("its form", `location.pathname.startsWith("/sim/platform/") && document.readyState === "complete"`)
			b.run(`for (const [field, value] of Object.entries({
				url: sessionStorage.server, token: sessionStorage.token, aes_key: sessionStorage.aesKey,
			})) document.querySelector("[name=" + field + "]").value = value`)
			b.picture("wechatapp-platform-" + name)
			b.click("form .primary")
			b.await("accepted", `document.body.innerText.includes("回调校验通过")`)
			b.await("the account's page", `location.assign(sessionStorage.page) || true`)
			b.await("in use", `location.href === sessionStorage.page && document.readyState === "complete" &&
				document.body.innerText.includes("最近一次收到微信的消息") && document.body.innerText.includes("使用中")`)
			b.picture("wechatapp-done-" + name)
		})
	}
}

// WeWork is bound by its wizard: a wrong secret is explained, the right ones are checked, the platform calls before it
// accepts the address, and the staff come. Then the account becomes another company's, and the staff of the one before
// leave.
func TestWeWorkIsConnectedAndReplaced(t *testing.T) {
	t.Parallel()
	address := startDemo(t)
	b := openConsole(t, address, browser.Desktop)
	b.await("the form", `location.assign("/console/wechatapp/new?kind=work") || true`)
	b.types("#f-name", "滨河苑企业微信")
	b.types("#f-app_id", spareCorp)
	b.types("#f-agent", spareAgent)
	b.types("#f-app_secret", spareSecret)
	b.types("#f-contact_secret", spareSecret) // the app's: it may not list members
	b.run(`sessionStorage.token = document.querySelector("#f-token").value;
		sessionStorage.aesKey = document.querySelector("#f-aes_key").value;
		[...document.querySelectorAll("label")].find(l => l.innerText.includes("云栖别墅") && l.querySelector("[name=communities]")).click()`)
	b.picture("wework-form")
	b.click(".tx-form-foot .btn-primary")
	b.await("what is wrong with the secret", `/wechatapp.[0-9]+$/.test(location.pathname) &&
		document.body.innerText.includes("通讯录 Secret 填的是应用的 Secret")`)
	b.await("the edit", `location.assign(location.pathname + "/edit") || true`)
	b.types("#f-contact_secret", spareSecret+"-contact")
	b.click(".tx-form-foot .btn-primary")
	b.await("checked", `document.body.innerText.includes("两个 Secret 都正确") &&
		document.querySelector("[data-copy*='/callback/wework/']") && document.querySelector("[data-copy*='/h5/staff/enter/']")`)
	b.run(`sessionStorage.server = document.querySelector("[data-copy*='/callback/wework/']").dataset.copy;
		sessionStorage.page = location.href`)

	b.await("the platform", `location.assign("/sim/platform/`+spareCorp+`/`+spareAgent+`") || true`)
	b.await("its form", `location.pathname.startsWith("/sim/platform/") && document.readyState === "complete"`)
	b.run(`for (const [field, value] of Object.entries({
		url: sessionStorage.server, token: sessionStorage.token, aes_key: sessionStorage.aesKey,
	})) document.querySelector("[name=" + field + "]").value = value`)
	b.click("form .primary")
	b.await("accepted", `document.body.innerText.includes("回调校验通过")`)
	b.await("the account's page", `location.assign(sessionStorage.page) || true`)
	b.await("the staff came", `location.href === sessionStorage.page && document.readyState === "complete" &&
		(fetch(location.href).then(r => r.text()).then(t => { window.came = t.includes("增加 2 人") }), window.came === true)`)
	b.await("the steps", `window.came ? (location.reload(), false) : document.body.innerText.includes("增加 2 人")`)
	if words := b.text("main"); !strings.Contains(words, "最近一次收到企业微信的消息") || !strings.Contains(words, "可信域名") {
		t.Errorf("the steps are %q", words)
	}
	// What nothing can check is confirmed by hand, and said to be.
	b.click(`form button[formaction$="confirm?step=home"]`)
	b.await("confirmed", `document.body.innerText.includes("没有经过检查")`)
	b.picture("wework-done")

	b.await("the wizard of another company", `location.assign(sessionStorage.page + "/replace") || true`)
	b.types("#f-app_id", spareCorp) // the one that it is
	b.types("#f-agent", "1000002")
	b.types("#f-app_secret", spareSecret)
	b.types("#f-contact_secret", spareSecret)
	b.types("#f-typed", "滨河苑企业微信")
	b.click(`input[name="staff"][value="leave"]`)
	b.click(".tx-form-foot .btn-danger")
	b.await("refused", `document.body.innerText.includes("这就是现在关联的企业")`)
	b.run(`document.querySelector("#f-app_id").value = ""`)
	b.types("#f-app_id", "ww0000000000de3003") // there is no such company
	b.types("#f-app_secret", spareSecret)
	b.types("#f-contact_secret", spareSecret)
	b.picture("wework-replace")
	b.click(".tx-form-foot .btn-danger")
	b.await("it is explained", `location.href === sessionStorage.page && document.body.innerText.includes("企业 ID 不正确")`)
	if words := b.text("main"); !strings.Contains(words, "ww0000000000de3003") || strings.Contains(words, "已人工确认") {
		t.Errorf("of another company: %q", words)
	}
	b.await("they left", `(fetch("/console/staff").then(r => r.text()).then(t => { window.left = !t.includes("丁小红") }),
		window.left === true)`)
}
