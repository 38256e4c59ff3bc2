package templates_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"tongxing/testkit/browser"
)

// choose creates a file and returns the steps that choose it.
func choose(t *testing.T, name string, size int) chromedp.Action[chromedp.Void] {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(strings.Repeat("x", size)), 0o600); err != nil {
		t.Fatal(err)
	}
	return chromedp.SetUploadFiles("#f-list", []string{path})
}

const (
	uploadText  = `document.querySelector("#upload ~ div [data-upload-words]").textContent`
	uploadError = `document.querySelector("#f-list-error span").textContent`
	uploadSend  = `form[action*="/upload"] .tx-form-foot button`
)

// An invalid file is reported before submission, and not submitted.
func TestUploadInABrowser(t *testing.T) {
	s, ctx := newSite(t), open(t, browser.Desktop)
	do(t, ctx,
		chromedp.Navigate(s.URL+"/console/dev/components"),
		until(`document.readyState === "complete"`),
		choose(t, "名单.csv", 70<<10),
		until(uploadText+` === "名单.csv，70 KB"`),
		until(uploadError+` === "文件有 70 KB，最大 64 KB"`),
		browser.Press(uploadSend),
		until(`document.activeElement.id === "f-list" && document.activeElement.getAttribute("aria-invalid") === "true"`),
		choose(t, "名单.pdf", 10),
		until(uploadError+` === "只支持 txt、csv、xlsx 文件"`),
		browser.Press(uploadSend),
		choose(t, "名单.txt", 0),
		until(uploadError+` === "文件是空的"`),
		browser.Press("[data-upload-drop]"),
		until(uploadError+` === "" && `+uploadText+` === "" && document.activeElement.id === "f-list"`),
	)
	if s.last() != nil {
		t.Errorf("sent %v", s.last())
	}
	// A dropped file is chosen; so is one whose extension differs only in case.
	do(t, ctx,
		chromedp.Evaluate[chromedp.Void](`{
			const files = new DataTransfer();
			files.items.add(new File(["3-2-501"], "名单.CSV"));
			const box = document.querySelector("[data-upload]");
			box.dispatchEvent(new DragEvent("dragover", { bubbles: true, cancelable: true, dataTransfer: files }));
			window.over = box.classList.contains("tx-over");
			box.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: files }));
		}`),
		until(`window.over && !document.querySelector(".tx-over") && document.querySelector("#f-list").files.length === 1`),
		until(uploadText+` === "名单.CSV，7 B" && document.querySelector("#f-list-error").hidden`),
		chromedp.Evaluate[chromedp.Void](`document.querySelector('[data-form="guarded"]').dataset.sent = "1"`),
		browser.Press(uploadSend),
		until(`location.pathname === "/console/dev/components/upload"`),
	)
	if s.last() == nil {
		t.Error("a right file was not sent")
	}
}

func TestUploadFits(t *testing.T) {
	for _, size := range []browser.Size{browser.Desktop, browser.Phone} {
		t.Run(strconv.Itoa(size.Width), func(t *testing.T) {
			s, ctx := newSite(t), open(t, size)
			do(t, ctx,
				chromedp.Navigate(s.URL+"/console/dev/components"),
				until(`document.readyState === "complete"`),
				choose(t, strings.Repeat("很长的名字", 12)+".csv", 70<<10),
				until(uploadError+` !== ""`),
			)
			if !ask[bool](t, ctx, fits) {
				t.Error("the page is wider than the window")
			}
		})
	}
}
