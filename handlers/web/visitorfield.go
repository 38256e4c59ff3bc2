package web

import (
	"strconv"
	"strings"

	"tongxing/core"
	"tongxing/templates"
)

// VisitorField is what the inputs of a visitor's form are beside its field: they differ by who fills it in.
type VisitorField struct {
	House     templates.Field // whom or what is visited; its label is the form's
	PhoneHelp string
	Day       core.Day        // offered as the visit's last
	Clock     templates.Field // its time of day, without kind and name; without a label, it has one by the field
}

// Fields returns the inputs of a field of a community's form for visitors.
func (v VisitorField) Fields(f core.FormField) []templates.Field {
	field := templates.Field{Name: f.Key, Label: f.Label, Required: f.Use == core.FormRequired, Autocomplete: "off"}
	switch f.Key {
	case "house":
		v.House.Label = f.Label
		return []templates.Field{v.House}
	case "name":
		field.MaxLength = core.MaxName
	case "phone":
		field.Kind, field.MaxLength, field.Help = templates.Telephone, 40, v.PhoneHelp
	case "id_number":
		field.MaxLength = 40
	case "plate":
		field.MaxLength, field.Placeholder = 20, "京A12345"
	case "people":
		field.Kind, field.Value, field.Unit, field.Short = templates.Number, "1", "人", true
		field.Min, field.Max = "1", strconv.Itoa(core.MaxVisitors)
	case "until":
		field.Kind, field.Value = templates.Date, v.Day.String()
		v.Clock.Kind, v.Clock.Name, v.Clock.Required = templates.Time, "clock", true
		switch day, ok := strings.CutSuffix(f.Label, "时间"); {
		case v.Clock.Label != "":
		case ok: // 来访日期 and 来访时间
			field.Label, v.Clock.Label = day+"日期", f.Label
		default:
			v.Clock.Label = f.Label + "几点"
		}
		return []templates.Field{field, v.Clock}
	case "photo":
		field.Kind, field.Accept, field.MaxBytes = templates.Upload, []string{".jpg", ".jpeg", ".png"}, core.MaxPhotoBytes
		field.Help = "手机上可以直接拍照。加密保存，给审核的人和门岗核对。"
	case "reason", "remark":
		field.MaxLength = core.MaxVisitText
	default:
		return []templates.Field{AddedField(field, f)}
	}
	return []templates.Field{field}
}
