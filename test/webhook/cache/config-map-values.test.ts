// The texts of a ConfigMap: data, and what of binaryData is text.
import t from 'tap'
import { configMapValues } from '../../../webhook/cache/config-map-values.ts'

const base64 = (text: string | Buffer) => Buffer.from(text).toString('base64')

t.test('what counts', async t => {
  const values = configMapValues({
    data: { a: 'x', both: 'data', number: 7, __proto__x: 'y' },
    binaryData: {
      b: base64('y'),
      both: base64('binary'),
      bom: base64('\uFEFF[]'),
      gzip: base64(Buffer.from([0x1f, 0x8b, 0xff])),
      nul: base64('a\0b'),
    },
  })
  t.same({ ...values }, { a: 'x', both: 'data', b: 'y', bom: '\uFEFF[]', __proto__x: 'y' })
  t.equal(Object.getPrototypeOf(values), null)
  t.equal(values['constructor'], undefined)
})

t.test('the bound, a row on each side', async t => {
  const of = (length: number) => {
    const text = 'é'.repeat(length)
    return Object.keys(configMapValues({ data: { a: text }, binaryData: { b: base64('x'.repeat(length)) } }, 10))
  }
  t.same(of(10).sort(), ['a', 'b'])
  t.same(of(11), [])
  t.same(
    Object.keys(configMapValues({ binaryData: { b: base64('x'.repeat(1000)) } }, 10)),
    [],
    'what is too long is not decoded',
  )
})

t.test('any shape', async t => {
  for (const object of [undefined, null, {}, { data: null }, { data: [] }, { data: 'x', binaryData: 7 }])
    t.same({ ...configMapValues(object) }, {})
})
