package access

import (
	"context"
	"net/url"
	"strings"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/handlers/web"
	"tongxing/templates"
)

const readerSecretsPath = frame.ReaderPath + "/secrets.xlsx"

// readerSecretsColumns are the columns of the file for an installer of several readers.
var readerSecretsColumns = []string{"名称", "所在的门", "方向", "协议", "设备号", "填进设备的内容"}

// readerSecrets exports what the installer enters in each of the ticked readers, after a question. Each is audited as on its page.
func (p *Pages) readerSecrets(c *web.Context) error {
	var form struct {
		IDs []core.ID `form:"id" max:"500"`
	}
	if err := c.Bind(&form); err != nil {
		return err
	}
	back := templates.WithQuery(frame.ReaderPath, c.Request().URL.Query())
	if len(form.IDs) == 0 {
		c.Flash(web.FlashWarning, "没有选择读头。")
		return c.Redirect(back)
	}
	readers, err := p.Store.ReadersByID(c.Ctx(), c.Scope(), form.IDs)
	if err != nil {
		return err
	}
	q := readerSecretsQuestion(readers)
	q.Action, q.Cancel, q.Keep = c.Request().URL.RequestURI(), back, url.Values{"id": frame.IDValues(form.IDs)}
	if asked, err := p.Ask(c, "reader", q); asked {
		return err
	}
	secrets, err := p.Store.RevealReaderSecrets(c.Ctx(), c.Actor(), c.Scope(), form.IDs)
	if err != nil {
		return p.Refused(c, err, back)
	}
	export := web.Export{Name: "读头接入信息", Columns: readerSecretsColumns}
	return c.Export(export, func(_ context.Context, add func(values ...any) error) error {
		for _, r := range readers {
			if err := add(p.secretsRow(r, secrets[r.ID])...); err != nil {
				return err
			}
		}
		return nil
	})
}

// secretsRow returns a row of the file.
func (p *Pages) secretsRow(r core.Reader, secret string) []any {
	var lines []string
	for _, set := range readerSettings(r, p.readerBase(), secret) {
		lines = append(lines, set.Label+"："+set.Value)
	}
	return []any{r.Name, r.Gate, r.Direction.Label(), core.ProtocolLabel(r.Protocol), r.Serial, strings.Join(lines, "\n")}
}

func readerSecretsQuestion(readers []core.Reader) templates.Confirm {
	n := frame.Grouped(len(readers))
	return templates.Confirm{
		Title: "导出 " + n + " 台读头的接入信息？", Submit: "导出接入信息", Danger: true, Download: true, Typed: frame.TypedNumber(len(readers)),
		Text:    "文件里有每台读头的密钥，拿到的人能冒充它。只交给安装人员，装好后删除。每一台都记入操作日志。",
		Effects: frame.Named(len(readers), "台", func(i int) string { return readers[i].Name }),
	}
}
