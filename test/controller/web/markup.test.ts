import t from 'tap'
import { html, plain } from '../../../controller/web/markup.ts'

t.test('what is put into a template is escaped, unless it is markup', async t => {
  const hostile = `<script>alert("1")</script>&'`
  t.equal(html`<p title="${hostile}">${hostile}</p>`.markup.match(/[<>"']/g)?.join(''), '<""><>')
  t.equal(html`<b>${html`<i>${'<'}</i>`}</b>`.markup, '<b><i>&lt;</i></b>')
  t.equal(html`${[1, 'a&b', undefined, false, [html`<br>`]]}`.markup, '1a&amp;b<br>')
  t.equal(html`${0}${''}`.markup, '0')
})

t.test("a stranger's text is one line that says what it is", async t => {
  t.equal(plain('a\u202eb\u200bc\u0000d\u2066e\ufefff\u200fg'), 'a\ufffdb\ufffdc\ufffdd\ufffde\ufffdf\ufffdg')
  t.equal(plain('a\r\n\tb'), 'a   b')
  t.equal(plain('x'.repeat(200)), 'x'.repeat(200))
  t.equal(plain('x'.repeat(201)), `${'x'.repeat(199)}…`)
  t.equal(plain('😀'.repeat(3), 4), '😀\ufffd…', 'half a character is none')
  t.equal(plain('شبكة ノード'), 'شبكة ノード', 'other scripts are no trick')
})
